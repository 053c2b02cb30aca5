import { Type } from "@sinclair/typebox";

export const Jwks = Type.Object(
  {
    keys: Type.Array(
      Type.Object({
        kty: Type.Union([Type.Literal("RSA"), Type.Literal("EC"), Type.Literal("OKP")]),
        use: Type.Literal("sig"),
        alg: Type.Union([Type.Literal("RS256"), Type.Literal("ES256"), Type.Literal("EdDSA")]),
        kid: Type.String(),
        n: Type.Optional(Type.String({ description: "RSA" })),
        e: Type.Optional(Type.String({ description: "RSA" })),
        crv: Type.Optional(Type.String({ description: "EC: P-256, OKP: Ed25519" })),
        x: Type.Optional(Type.String({ description: "EC and OKP" })),
        y: Type.Optional(Type.String({ description: "EC" })),
      }),
    ),
  },
  {
    $id: "Jwks",
    description: "RFC 7517 §5. The active key comes first",
    examples: [
      {
        keys: [
          {
            kty: "RSA",
            use: "sig",
            alg: "RS256",
            kid: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
            n: "0vx7agoebGcQSuu…",
            e: "AQAB",
          },
        ],
      },
    ],
  },
);
