import { Type } from "@sinclair/typebox";

const UP_OR_DOWN = [Type.Literal("up"), Type.Literal("down")] as const;
const Database = Type.Union([...UP_OR_DOWN, Type.Literal("read-only")], {
  description: "read-only: it answers and accepts no writes: a standby, a read-only file, a full disk",
});
const Redis = Type.Union([
  ...UP_OR_DOWN, Type.Literal("filling"), Type.Literal("evicting"), Type.Literal("differs"),
], {
  description: "down: Redis does not answer, or Authflow must not use it: a read-only replica, a Redis Cluster, a " +
    "missing database or permission. filling: not all revocations have been copied to it yet. evicting: Authflow " +
    "works, but Redis may drop revocations: its maxmemory-policy is not noeviction. differs: " +
    "Authflow works, but another replica uses another Redis, or none. The log has the details",
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
      { status: "down", parts: { database: "up", clock: "up", redis: "down" } },
    ],
  },
);
