import { Type } from "@sinclair/typebox";
import type { DatabaseFault } from "../../src/shared/database-fault.js";

const UP_OR_DOWN = [Type.Literal("up"), Type.Literal("down")] as const;
const FAULTS: Record<DatabaseFault, string> = {
  "read-only": "it accepts no writes",
  full: "it has no room left on its disk",
  denied: "it denies Authflow the login or a permission",
  missing: "it does not exist, or lacks a table or a column",
  replaced: "its SQLite file was deleted or replaced while it was in use",
  damaged: "it can't be read any more",
};
const Database = Type.Union([
  ...UP_OR_DOWN, ...(Object.keys(FAULTS) as DatabaseFault[]).map((fault) => Type.Literal(fault)),
], {
  description: "down: it does not answer. The others last until an operator acts. " +
    Object.entries(FAULTS).map(([fault, text]) => `${fault}: ${text}`).join(". "),
});
const Redis = Type.Union([
  ...UP_OR_DOWN, Type.Literal("filling"), Type.Literal("evicting"), Type.Literal("differs"),
], {
  description: "Whatever it is, the answer is 200. down: Redis does not answer, or Authflow must not use it: a " +
    "read-only replica, a Redis Cluster, a missing database or permission; logouts are recorded, and answered 503. " +
    "filling: not all revocations have been copied to it yet. evicting: it may drop revocations, because its " +
    "maxmemory-policy is not noeviction. differs: another replica uses another Redis, or none. The log has the details",
});

const Clock = Type.Union([...UP_OR_DOWN], {
  description: "down: this machine's clock and the database's differ by more than 5 minutes, or this machine's was " +
    "set by more than that. No token is issued meanwhile",
});

export const Health = Type.Object({
  status: Type.Union([Type.Literal("up"), Type.Literal("down")]),
}, { $id: "Health", examples: [{ status: "up" }] });

export const Readiness = Type.Object(
  {
    status: Type.Union([Type.Literal("up"), Type.Literal("down")]),
    parts: Type.Object({ database: Database, clock: Clock, redis: Type.Optional(Redis) }),
  },
  {
    $id: "Readiness",
    examples: [
      { status: "up", parts: { database: "up", clock: "up", redis: "up" } },
      { status: "up", parts: { database: "up", clock: "up", redis: "down" } },
      { status: "down", parts: { database: "full", clock: "up" } },
    ],
  },
);
