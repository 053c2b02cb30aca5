import pg from "pg";
import { DURABLE } from "./durable-commit.js";

/**
 * What a session depends on, sent when it starts. These are the only parameters that PgBouncer accepts with its default
 * settings. It keeps them for each of its clients, also in transaction mode. pg adds `client_encoding`.
 */
export const STARTUP = { DateStyle: "ISO, MDY", TimeZone: "UTC", standard_conforming_strings: "on" };

/** Milliseconds; 0: no limit. */
export interface Limits { statement: number; idleInTransaction: number }

/**
 * The rest, which a server, a database or a role may have set to anything. synchronous_commit: `off` would lose
 * acknowledged logouts in a crash; the other values are the operator's choice. row_security: `off` makes a query fail
 * where row-level security would hide rows from it. A revocation that is not read would be none.
 */
const settings = (schema: string | undefined, limits: Limits): [name: string, sql: string][] => [
  ...(schema === undefined ? [] : [["search_path", literal(pg.escapeIdentifier(schema))] as [string, string]]),
  ["default_transaction_isolation", "'read committed'"],
  ["statement_timeout", `'${limits.statement}'`],
  ["idle_in_transaction_session_timeout", `'${limits.idleInTransaction}'`],
  ["idle_session_timeout", "'0'"], // since PostgreSQL 14
  ["lock_timeout", "'0'"],
  ["transaction_timeout", "'0'"], // since PostgreSQL 17
  ["synchronous_commit", DURABLE],
  ["row_security", "'off'"],
  ["exit_on_error", "'off'"],
  ["bytea_output", "'hex'"],
  ["extra_float_digits", "'1'"],
  ["IntervalStyle", "'postgres'"],
];

/**
 * Sets them for the session if `backend` (the process ID that the server sent at the start) is the server process that
 * runs this statement; returns no row otherwise. It is another process behind a pooler such as PgBouncer: in
 * transaction mode, what is set for a session would reach other clients, and not all of ours.
 */
export const setForSession = (schema: string | undefined, limits: Limits, backend: number): string =>
  `${configure(schema, limits, false)} AND pg_backend_pid() = ${backend}`;

/** Begins a transaction and sets them for it alone, in one round trip. */
export const beginWithSettings = (schema: string | undefined, limits: Limits): string =>
  `BEGIN ISOLATION LEVEL READ COMMITTED; ${configure(schema, limits, true)}`;

const configure = (schema: string | undefined, limits: Limits, local: boolean): string => {
  const values = settings(schema, limits).map(([name, sql]) => `(${literal(name)}, ${sql})`).join(", ");
  return `SELECT set_config(name, value, ${local}) FROM (VALUES ${values}) AS settings (name, value)
    WHERE current_setting(name, true) IS NOT NULL`;
};

const literal = (text: string): string => pg.escapeLiteral(text);
