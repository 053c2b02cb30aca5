import t from "../support/tap.js";
import { ALONE } from "./scenarios.js";
import { breakOnPurpose } from "./suite.js";

await breakOnPurpose(t, { name: "One replica, SQLite", size: 1, on: "SQLite", onSmallDisk: true }, ALONE);
