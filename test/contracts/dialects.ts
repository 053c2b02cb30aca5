import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import Sqlite from "libsql";
import type { Test } from "tap";
import { type Database, openDatabase } from "../../src/stores/prisma/database.js";
import { LOADER, moduleFile } from "../support/root.js";
import { migratedPostgres, migratedSqlite, postgres, sqlite } from "../support/services.js";
import { rowsOf } from "../support/sql.js";

export interface Subject {
  url: string;
  /** Another instance on the same database, closed at the end. */
  open(): Promise<Database>;
}

/** Runs `suite` against an empty, migrated database of each dialect. */
export async function onEveryDialect(t: Test, suite: (t: Test, subject: Subject) => Promise<void>): Promise<void> {
  await onEach(t, [migratedSqlite, migratedPostgres], async (t, url) => {
    const open = async () => {
      const database = await openDatabase(url);
      t.teardown(() => database.close());
      return database;
    };
    await suite(t, { url, open });
  });
}

export const onEveryEmptyDatabase = (t: Test, suite: DatabaseSuite): Promise<void> =>
  onEach(t, [sqlite, postgres], suite);

type DatabaseSuite = (t: Test, url: string) => Promise<void>;
type Find = (t: Test) => string | undefined | Promise<string | undefined>;

async function onEach(t: Test, [ofSqlite, ofPostgres]: [Find, Find], suite: DatabaseSuite): Promise<void> {
  for (const [name, find] of [["SQLite", ofSqlite], ["PostgreSQL", ofPostgres]] as const) {
    await t.test(name, async (t) => {
      const url = await find(t);
      if (url !== undefined) await suite(t, url);
    });
  }
}

/** One statement of SQL, past the store; resolves to its rows. */
export async function run(url: string, sql: string): Promise<unknown[]> {
  if (url.startsWith("file:")) {
    const db = new Sqlite(url.slice("file:".length));
    try {
      const statement = db.prepare(sql);
      return statement.reader ? statement.all() : [statement.run()];
    } finally {
      db.close();
    }
  }
  return rowsOf<object>(url, sql);
}

/** Runs a job of child.ts in a process of its own. */
export function startJob(...args: string[]) {
  const argv = [...LOADER, moduleFile("test/contracts/child"), ...args];
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  const reader = createInterface(child.stdout).on("line", (line) => lines.push(line));
  const ended = Promise.all([
    new Promise<number | null>((resolve) => child.once("exit", resolve)),
    new Promise<void>((resolve) => reader.once("close", resolve)),
  ]).then(([code]) => ({ code, lines }));
  const printed = async (count: number) => {
    while (lines.length < count) await new Promise((resolve) => reader.once("line", resolve));
  };
  return { child, ended, printed };
}
