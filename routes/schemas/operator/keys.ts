import { Type } from "@sinclair/typebox";
import { ref, Timestamp } from "../common.js";

const Instant = (description: string) => Type.Union([Timestamp(description), Type.Null()], { description });

export const KeyPath = Type.Object({
  kid: Type.String({ pattern: "^[A-Za-z0-9._-]{1,128}$", description: "1 to 128 of the characters A-Z a-z 0-9 . _ -" }),
});

export const KeyResponse = Type.Object(
  {
    kid: Type.String({ description: "The RFC 7638 thumbprint, or the kid of an imported key" }),
    algorithm: Type.String({ description: "The `alg` of RFC 7518 §3.1 or RFC 8037 §3.1" }),
    state: Type.Union([Type.Literal("staged"), Type.Literal("active"), Type.Literal("retired")], {
      description: "staged: published, does not sign yet; active: signs; retired: only verifies",
    }),
    created_at: Timestamp("When it was published"),
    activated_at: Instant("When it began to sign"),
    retired_at: Instant("When it stopped signing"),
    activates_at: Instant("When a staged key will begin to sign"),
    leaves_at: Instant("When a retired key will be removed from the JWKS: all tokens that it signed have expired then"),
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
  { keys: Type.Array(ref(KeyResponse), { description: "In order of publication" }) },
  { $id: "KeyList" },
);
