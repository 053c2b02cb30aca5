import t from "../support/tap.js";
import { BEHIND_HAPROXY } from "./scenarios.js";
import { breakOnPurpose } from "./suite.js";

await breakOnPurpose(
  t, { name: "Two replicas, HAProxy, PostgreSQL", size: 2, on: "PostgreSQL", through: "HAProxy" }, BEHIND_HAPROXY,
);
