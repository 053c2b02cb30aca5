import { databaseFaultText } from "../../shared/database-fault.js";
import { reason } from "../../shared/loggable-error.js";
import type { DatabaseFacts } from "../drivers.js";
import type { Check, Finding } from "./check.js";
import { compareClocks } from "./clocks.js";
import { checkKeys } from "./keys.js";
import { checkPermissions } from "./permissions.js";

const DIFFERENT_REDIS: Finding = ["fail", "The running processes use different Redis servers, or some use none: set " +
  "the same REDIS_URL everywhere. Services that read Redis directly do not see all revocations"];

export const checkDatabase: Check = async (config, { drivers, clock }) => {
  const { databaseUrl } = config;
  const kind = databaseUrl.startsWith("file:") ? "SQLite" : "PostgreSQL";
  const start = clock();
  let facts: DatabaseFacts;
  try {
    facts = await drivers.inspectDatabase(databaseUrl, start);
  } catch (error) {
    return [["fail", `${kind} can't be used: ${reason(error)}. Check DATABASE_URL and that the server runs`]];
  }
  const { pendingMigrations, condition, keys, time, installation, outlets, unusedPermissions } = facts;
  if (pendingMigrations.length > 0) {
    return [["fail", `${kind} lacks ${pendingMigrations.length} migration(s): ` +
      "run authflow migrate, or start the service, which applies them"]];
  }
  if (condition !== "up") return [["fail", `${kind} ${databaseFaultText(condition)}`]];
  const now = clock();
  // The server's clock was read at some moment since the start, which may have taken long.
  const clocks = time === null ? [] : [compareClocks(`${kind}'s`, time, Math.min(Math.max(time, start), now))];
  return [
    ["ok", `${kind} answers and is up to date`],
    ...(installation === undefined ? [] : [["ok", `The installation's id is ${installation}`] as const]),
    ...(outlets.length > 1 ? [DIFFERENT_REDIS] : []),
    ...clocks,
    ...checkKeys(keys, config, now),
    ...checkPermissions(unusedPermissions),
  ];
};
