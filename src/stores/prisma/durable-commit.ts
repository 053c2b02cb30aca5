/** The value of PostgreSQL's synchronous_commit, in SQL. With `off`, a crash loses what was committed last. */
export const DURABLE = "replace(current_setting('synchronous_commit'), 'off', 'on')";
/** Sets it for the transaction of the statement that selects this: behind a pooler, no session keeps it. */
export const COMMIT_DURABLY = `set_config('synchronous_commit', ${DURABLE}, true)`;
