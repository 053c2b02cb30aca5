import type { StatusReference } from "../tokens/status-reference.js";

/**
 * What an entry can revoke: one token, or all tokens of a subject, of a session, of a client, of a subject or a session
 * that one client was issued (`client_sub`, `client_sid`), or of a signing key.
 */
export const SCOPES = ["jti", "sub", "sid", "client_id", "client_sub", "client_sid", "kid"] as const;
export type Scope = typeof SCOPES[number];
export interface Name { scope: Scope; value: string }

/** Revokes every token of `name` that was issued before an instant. Instants are epoch milliseconds. */
export interface Entry extends Name {
  /** FOREVER for a single token (`jti`) and for a key (`kid`): they are revoked whatever time of issue they claim. */
  issuedBefore: number;
  /** From then on every token that the entry revokes has expired. */
  expiresAt: number;
  /** The token's own entry in a status list, if it has one. */
  status?: StatusReference;
}

/**
 * Revokes a token whatever time of issue it claims. The value is finite, because JSON has no infinity, and its second
 * is the last one that the clocks of Python and .NET can hold.
 */
export const FOREVER = Date.UTC(9999, 11, 31, 23, 59, 59);

/** The tokens of a subject that one client was issued. The client_id is a UUID, so that the first colon ends it. */
export const subjectOfClient = (clientId: string, sub: string): Name =>
  ({ scope: "client_sub", value: `${clientId}:${sub}` });

/** The same for a session. */
export const sessionOfClient = (clientId: string, sid: string): Name =>
  ({ scope: "client_sid", value: `${clientId}:${sid}` });

/** A name of two parts as the client and the rest; any other name as it is. */
export function partsOf(name: Name): { name: Name; clientId?: string } {
  const { scope, value } = name;
  if (scope !== "client_sub" && scope !== "client_sid") return { name };
  const colon = value.indexOf(":");
  const rest: Name = { scope: scope === "client_sub" ? "sub" : "sid", value: value.slice(colon + 1) };
  return { name: rest, clientId: value.slice(0, colon) };
}

/** An entry that revokes several tokens. */
export const isCutoff = ({ scope }: Name): boolean => scope !== "jti";
