import { Type } from "@sinclair/typebox";
import { ref, Timestamp } from "../common.js";

const Instant = (description: string) => Type.Union([Timestamp(description), Type.Null()], { description });

export const KeyPath = Type.Object({
  kid: Type.String({ pattern: "^[A-Za-z0-9._-]{1,128}$", description: "1 to 128 characters of A-Z a-z 0-9 . _ -" }),
});

export const KeyResponse = Type.Object(
  {
    kid: Type.String({ description: "The RFC 7638 thumbprint, unless an imported key brought its own" }),
    algorithm: Type.String({ description: "RFC 7518 §3.1" }),
    state: Type.Union([Type.Literal("staged"), Type.Literal("active"), Type.Literal("retired")], {
      description: "staged: published, not signing yet; active: signs; retired: only verifies",
    }),
    created_at: Timestamp("When it was published"),
    activated_at: Instant("When it began to sign"),
    retired_at: Instant("When it ceased to sign"),
    activates_at: Instant("When a staged key will sign"),
    leaves_at: Instant("When a retired key will leave the JWKS: every token that it signed has expired by then"),
  },
  {
    $id: "Key",
    examples: [
      {
        kid: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
        algorithm: "RS256",
        state: "active",
        created_at: "2026-11-24T08:00:00.000Z",
        activated_at: "2026-11-24T09:06:00.000Z",
        retired_at: null,
        activates_at: null,
        leaves_at: null,
      },
    ],
  },
);

export const KeyList = Type.Object(
  { keys: Type.Array(ref(KeyResponse), { description: "In the order of their publication" }) },
  { $id: "KeyList" },
);
