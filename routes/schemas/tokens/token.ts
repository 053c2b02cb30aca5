import { type TObject, Type } from "@sinclair/typebox";
import type { Grants } from "../../../src/grants/grants.js";

const field = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 255, description }));

/** How a client authenticates by its keys (RFC 7521 §4.2, RFC 7523 §2.2). */
export const ClientAssertion = {
  client_assertion_type: field("With client_assertion: urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
  client_assertion: Type.Optional(Type.String({
    minLength: 1, maxLength: 8192,
    description: "A JWT that a client with private_key_jwt has signed, at most 8192 characters",
  })),
};

/** How a client authenticates in a form (RFC 6749 §2.3.1). */
export const ClientCredentialsForm = {
  client_id: field("A UUID; or authenticate by HTTP Basic"),
  client_secret: field("Not for public clients; or authenticate by HTTP Basic"),
  ...ClientAssertion,
};

type GrantTable = Pick<Grants, "types" | "parameters" | "examples">;

/** The form of POST /token, made from the table of grants. */
export const tokenForm = ({ types, parameters, examples }: GrantTable): TObject =>
  Type.Object({
    grant_type: Type.String({
      minLength: 1, maxLength: 255, description: types.map((type) => `\`${type}\``).join(" or "),
      examples: types.slice(0, 1),
    }),
    ...parameters.properties,
    ...ClientCredentialsForm,
  }, {
    $id: "TokenRequest",
    examples: examples.map((example) => ({ ...example, client_id: "019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e" })),
  });

/** RFC 6749 §5.1 */
export const TokenResponse = Type.Object({
  access_token: Type.String({ description: "A JWT" }),
  token_type: Type.Literal("Bearer"),
  expires_in: Type.Integer({ description: "Lifetime in seconds" }),
  scope: Type.Optional(Type.String({ description: "Only if it differs from the requested scope" })),
  refresh_token: Type.Optional(Type.String()),
  id_token: Type.Optional(Type.String({ description: "OpenID Connect Core §3.1.3.3" })),
  issued_token_type: Type.Optional(Type.String({ description: "RFC 8693 §2.2.1" })),
}, {
  $id: "TokenResponse",
  examples: [{ access_token: "eyJhbGciOiJSUzI1NiIs…", token_type: "Bearer", expires_in: 3600 }],
});
