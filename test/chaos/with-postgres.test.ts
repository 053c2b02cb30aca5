import t from "../support/tap.js";
import { WITH_POSTGRES } from "./scenarios.js";
import { breakOnPurpose } from "./suite.js";

await breakOnPurpose(t, { name: "Two replicas, PostgreSQL", size: 2, on: "PostgreSQL" }, WITH_POSTGRES);
