import { Type } from "@sinclair/typebox";

const Part = Type.Union([Type.Literal("up"), Type.Literal("down"), Type.Literal("filling")], {
  description: "filling: Redis answers, but not all revocations have been copied to it yet",
});

export const Health = Type.Object({
  status: Type.Union([Type.Literal("up"), Type.Literal("down")]),
}, { $id: "Health", examples: [{ status: "up" }] });

export const Readiness = Type.Object(
  {
    status: Type.Union([Type.Literal("up"), Type.Literal("down")]),
    parts: Type.Object({ database: Part, redis: Type.Optional(Part) }),
  },
  {
    $id: "Readiness",
    examples: [
      { status: "up", parts: { database: "up", redis: "up" } },
      { status: "down", parts: { database: "up", redis: "down" } },
    ],
  },
);
