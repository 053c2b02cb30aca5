import type { Db } from "./db.js";
import { storable } from "./text.js";

/**
 * What is done for many items at once, by statements whose only parameter is the items as a JSON array: in one
 * transaction on SQLite, by one statement on PostgreSQL. Each row that they return has one text.
 */
export interface Batch { sqlite: string[]; postgres: string }

/** Names of columns, by their types. Those of `json` hold JSON, those of `instants` points in time. */
export interface Columns { plain: string[]; json: string[]; instants?: string[] }

/** Resolves to the texts that the statements returned. Throws if an item holds a NUL character. */
export type RunBatch = (batch: Batch, items: readonly unknown[]) => Promise<string[]>;

export const batchRunner = ({ run }: Pick<Db, "run">): RunBatch => async ({ sqlite, postgres }, items) => {
  const json = JSON.stringify(storable(items));
  return await run({ sqlite: sqlite.map((sql) => [sql, json]), postgres: [postgres, json] }) as string[];
};

/** Reads the rows with one of the items in the column `key`: each as a JSON object, with instants as epoch ms. */
export function readBatch(table: string, key: string, columns: Columns): Batch {
  const { plain, json, instants = [] } = columns;
  const parts = [...plain, ...instants].map((name) => `'${name}', ${name}`);
  const objects = json.map((name) => `'${name}', json(${name})`);
  const dates = instants.map((name) => `(extract(epoch FROM ${name}) * 1000)::bigint AS ${name}`);
  return {
    sqlite: [`
      SELECT json_object(${[...parts, ...objects].join(", ")}) FROM ${table}
      WHERE ${key} IN (SELECT value FROM json_each(?))`],
    postgres: `
      SELECT row_to_json(found)::text FROM (
        SELECT ${[...plain, ...json, ...dates].join(", ")} FROM ${table}
        WHERE ${key} = ANY (ARRAY(SELECT json_array_elements_text($1::json)))
      ) AS found`,
  };
}
