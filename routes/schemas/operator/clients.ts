import { Type } from "@sinclair/typebox";
import { OneOf, ref, Timestamp } from "../common.js";

const Name = Type.String({ minLength: 1, maxLength: 100, description: "1 to 100 printable characters" });
const RedirectUri = Type.String({
  minLength: 1,
  maxLength: 2048,
  description: "An absolute URI of at most 2048 characters: https, http on a loopback host, or a private-use scheme",
});
const RedirectUris = Type.Array(RedirectUri, { minItems: 1, maxItems: 20, description: "1 to 20 redirect URIs" });
const ResponseTypes = Type.Array(OneOf(["token", "code"], "`token` or `code`"), {
  minItems: 1, maxItems: 2, uniqueItems: true,
  description: "What a login may hand over, token or code or both; the first is meant where the request names none",
});
const AuthMethod = OneOf(["client_secret_basic", "none"],
  "client_secret_basic: with a secret, by HTTP Basic or in the body. none: a public client without a secret");
const names = (description: string) =>
  Type.Union([Type.Array(Type.String({ minLength: 1, maxLength: 255 }), { maxItems: 100 }), Type.Null()], {
    description: `${description}: at most 100 texts of 1 to 255 characters, or null for no limit`,
  });

export const ClientId = Type.Object({ client_id: Type.String({ format: "uuid", description: "A UUID" }) });

export const RegistrationBody = Type.Object(
  {
    name: Name,
    redirect_uri: Type.Optional(RedirectUri),
    redirect_uris: Type.Optional(RedirectUris),
    token_endpoint_auth_method: Type.Optional(AuthMethod),
    response_types: Type.Optional(ResponseTypes),
  },
  {
    $id: "RegistrationRequest",
    additionalProperties: false,
    examples: [
      { name: "my-app", redirect_uri: "https://my-app.com/callback" },
      { name: "my-spa", redirect_uri: "https://my-app.com/callback", token_endpoint_auth_method: "none" },
    ],
  },
);

const registered = {
  client_id: Type.String({ format: "uuid" }),
  name: Type.String(),
  redirect_uri: Type.String({ description: "The first of redirect_uris" }),
  redirect_uris: Type.Array(Type.String()),
  token_endpoint_auth_method: AuthMethod,
  response_types: ResponseTypes,
};
const example = {
  client_id: "019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e", name: "my-app",
  redirect_uri: "https://my-app.com/callback", redirect_uris: ["https://my-app.com/callback"],
  token_endpoint_auth_method: "client_secret_basic" as const, response_types: ["token" as const, "code" as const],
};

export const RegisteredClient = Type.Object({
  client_id: registered.client_id,
  client_secret: Type.Optional(Type.String({ description: "Shown this once. Public clients get none" })),
  name: registered.name, redirect_uri: registered.redirect_uri, redirect_uris: registered.redirect_uris,
  token_endpoint_auth_method: registered.token_endpoint_auth_method, response_types: registered.response_types,
}, { $id: "RegisteredClient", examples: [{ ...example, client_secret: "authflow_secret_…" }] });

const policy = {
  providers: names("Values of provider the client may name"),
  subject_prefixes: names(
    "Prefixes one of which sub must begin with. Null leaves all but the namespaces of login providers (google|…)",
  ),
  audiences: names("Audiences the client may ask for"),
  default_audience: Type.Union([
    Type.Array(Type.String({ minLength: 1, maxLength: 255 }), { minItems: 1, maxItems: 10, uniqueItems: true }),
    Type.Null(),
  ], { description: "The audience of tokens whose request names none: 1 to 10 texts of 1 to 255 characters, or null" }),
  claim_names: names("Further claims the client may set"),
  max_ttl: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
    description: "The longest lifetime in seconds, or null",
  }),
  status_list: Type.Union([Type.Boolean(), Type.Null()], {
    description: "Whether its tokens carry a status (GET /status-lists/{id}): true, false, or null for what AUTHFLOW_STATUS_LISTS says",
  }),
};
export const Policy = Type.Object(policy, {
  $id: "MintPolicy",
  description: "What a client may put into the tokens it mints",
});

export const ClientResponse = Type.Object(
  {
    ...registered,
    disabled: Type.Boolean({
      description: "A disabled client mints nothing; its tokens live on until they expire or are revoked",
    }),
    policy: ref(Policy),
    created_at: Timestamp("When it was registered"),
    updated_at: Timestamp("When it was last changed"),
  },
  {
    $id: "Client",
    examples: [
      {
        ...example,
        disabled: false,
        policy: {
          providers: null,
          subject_prefixes: ["shop|"],
          audiences: null,
          default_audience: null,
          claim_names: null,
          max_ttl: 900,
          status_list: null,
        },
        created_at: "2026-11-24T08:00:00.000Z",
        updated_at: "2026-11-24T08:00:00.000Z",
      },
    ],
  },
);

export const ClientListQuery = Type.Object({
  limit: Type.Integer({ minimum: 1, maximum: 200, default: 50, description: "A whole number from 1 to 200" }),
  cursor: Type.Optional(Type.String({ format: "uuid", description: "next_cursor of the page before" })),
}, { additionalProperties: false });

export const ClientList = Type.Object({
  clients: Type.Array(ref(ClientResponse)),
  next_cursor: Type.Union([Type.String(), Type.Null()], { description: "Null on the last page" }),
}, { $id: "ClientList" });

export const ClientPatchBody = Type.Object(
  {
    name: Type.Optional(Name),
    redirect_uris: Type.Optional(RedirectUris),
    response_types: Type.Optional(ResponseTypes),
    disabled: Type.Optional(Type.Boolean({ description: "true stops minting at once" })),
    policy: Type.Optional(
      Type.Partial(Type.Object(policy), { additionalProperties: false, description: "Only the named members change" }),
    ),
  },
  {
    $id: "ClientPatch",
    additionalProperties: false,
    minProperties: 1,
    examples: [{ disabled: true }, { policy: { max_ttl: 900, subject_prefixes: ["shop|"] } }],
  },
);

export const RotateSecretBody = Type.Object(
  {
    overlap: Type.Integer({
      minimum: 0,
      maximum: 2_592_000,
      default: 86_400,
      description: "Seconds for which the secrets in use keep working, 0 to 2592000",
    }),
  },
  { $id: "RotateSecretRequest", additionalProperties: false, examples: [{ overlap: 86_400 }] },
);

export const RotatedSecret = Type.Object(
  {
    client_id: registered.client_id,
    client_secret: Type.String({ description: "Shown this once" }),
    previous_expires_at: Timestamp("When the secrets in use until now stop working"),
  },
  {
    $id: "RotatedSecret",
    examples: [
      {
        client_id: example.client_id,
        client_secret: "authflow_secret_…",
        previous_expires_at: "2026-11-25T08:00:00.000Z",
      },
    ],
  },
);

export const RevokedClient = Type.Object({
  revoked: Type.Literal(true),
  client_id: Type.String({ format: "uuid" }),
}, { $id: "RevokedClient", examples: [{ revoked: true, client_id: "019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e" }] });
