import t from "../support/tap.js";
import { BEHIND_PGBOUNCER } from "./scenarios.js";
import { breakOnPurpose } from "./suite.js";

await breakOnPurpose(
  t,
  { name: "Two replicas, PgBouncer, PostgreSQL", size: 2, on: "PostgreSQL", through: "PgBouncer", onSmallDisk: true },
  BEHIND_PGBOUNCER,
);
