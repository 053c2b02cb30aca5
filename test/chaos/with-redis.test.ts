import t from "../support/tap.js";
import { WITH_REDIS } from "./scenarios.js";
import { breakOnPurpose } from "./suite.js";

await breakOnPurpose(
  t, { name: "Three replicas, PostgreSQL and Redis", size: 3, on: "PostgreSQL and Redis" }, WITH_REDIS,
);
