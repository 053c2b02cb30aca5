import type pg from "pg";
import { STANDBY } from "../../revocation/log.js";
import { isUnsupported } from "./driver-errors.js";

/** The timeline of the write-ahead log: a standby that is promoted begins a new one. Not every service tells it. */
const TIMELINE = "left(pg_walfile_name(pg_current_wal_lsn()), 8)";
/** When the server started, in microseconds: it may have crashed, or have an older copy of its files now. */
const START = "CAST(date_part('epoch', pg_postmaster_start_time()) * 1000000 AS bigint)";
/** The tables' files: other ones after a restored dump, also if the tables were emptied and not dropped. */
const FILES = ["revocation_log", "replicas", "installation"].map((table) => `pg_relation_filepath('${table}')`);

/** Short, because each entry of the log brings it. */
const of = (...parts: string[]): string => `(SELECT CASE WHEN pg_is_in_recovery() THEN '${STANDBY}' ELSE
  left(encode(sha256(convert_to(concat_ws(' ', ${parts.join(", ")}), 'UTF8')), 'hex'), 16) END)`;
const HISTORIES = [of(TIMELINE, START, ...FILES), of(START, ...FILES)];

/**
 * SQL that names the history of commits which this server continues: another one whenever the database may have gone
 * back. Evaluated once for all rows of a statement. NULL: this service does not say.
 */
export async function findHistory(pool: pg.Pool): Promise<string> {
  for (const history of HISTORIES) {
    try {
      await pool.query(`SELECT ${history}`);
      return history;
    } catch (error) {
      if (!isUnsupported(error)) throw error;
    }
  }
  return "NULL";
}
