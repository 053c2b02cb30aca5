import pg from "pg";

/** The rows of one statement at `url`, in a session of which Authflow sets nothing. */
export async function rowsOf<Row extends object = Record<string, unknown>>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
