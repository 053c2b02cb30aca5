import { Type } from "@sinclair/typebox";
import { Defaulted, OneOf, ref, Timestamp } from "../common.js";

const Name = Type.String({ minLength: 1, maxLength: 100, description: "1 to 100 printable characters" });
const RedirectUri = Type.String({
  minLength: 1,
  maxLength: 2048,
  description: "An absolute URI of at most 2048 characters: https, http on a loopback host, or a private-use scheme",
});
const LogoUri = Type.String({
  minLength: 1,
  maxLength: 2048,
  description: "Shown on the pages of a login: an https URL of an image, at most 2048 printable ASCII characters " +
    "(http on a loopback host only)",
});
const RedirectUris = Type.Array(RedirectUri, { minItems: 1, maxItems: 20, description: "1 to 20 redirect URIs" });
const ResponseTypes = Type.Array(OneOf(["token", "code"], "`token` or `code`"), {
  minItems: 1, maxItems: 2, uniqueItems: true,
  description: "The response types of logins: `token`, `code` or both. The first is the default of a login request",
});
const AuthMethod = OneOf(["client_secret_basic", "none"],
  "client_secret_basic: with a secret, by HTTP Basic or in the body. none: a public client without a secret");
const PERMISSIONS = [
  "mint", "login", "introspect:own", "introspect:any", "feed", "revoke:own", "revoke:any", "authenticate",
] as const;
const Permissions = Type.Array(OneOf(PERMISSIONS, `One of ${PERMISSIONS.join(", ")}`), {
  minItems: 1, maxItems: PERMISSIONS.length, uniqueItems: true,
  description: `What the client may do: any of ${PERMISSIONS.join(", ")}`,
});
const names = (description: string, none = "no limit") =>
  Type.Union([Type.Array(Type.String({ minLength: 1, maxLength: 255 }), { maxItems: 100 }), Type.Null()], {
    description: `${description}: at most 100 strings of 1 to 255 characters, or null for ${none}`,
  });

const lifetime = (description: string) =>
  Type.Union([Type.Integer({ minimum: 1, maximum: 2_147_472_000 }), Type.Null()], {
    description: `${description}: whole seconds from 1 to 2147472000, or null for the deployment's setting`,
  });

export const ClientId = Type.Object({ client_id: Type.String({ format: "uuid", description: "A UUID" }) });

export const RegistrationBody = Type.Object(
  {
    name: Name,
    logo_uri: Type.Optional(LogoUri),
    redirect_uri: Type.Optional(RedirectUri),
    redirect_uris: Type.Optional(RedirectUris),
    token_endpoint_auth_method: Type.Optional(AuthMethod),
    response_types: Type.Optional(ResponseTypes),
    permissions: Type.Optional(Permissions),
  },
  {
    $id: "RegistrationRequest",
    additionalProperties: false,
    examples: [
      { name: "my-app", redirect_uri: "https://my-app.com/callback" },
      { name: "my-spa", redirect_uri: "https://my-app.com/callback", token_endpoint_auth_method: "none" },
      { name: "my-api", permissions: ["feed"] },
    ],
  },
);

const registered = {
  client_id: Type.String({ format: "uuid" }),
  name: Type.String(),
  logo_uri: Type.Optional(Type.String()),
  redirect_uri: Type.Optional(Type.String({ description: "The first of redirect_uris, if there is one" })),
  redirect_uris: Type.Array(Type.String()),
  token_endpoint_auth_method: AuthMethod,
  response_types: ResponseTypes,
  permissions: Permissions,
};
const example = {
  client_id: "019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e", name: "my-app",
  redirect_uri: "https://my-app.com/callback", redirect_uris: ["https://my-app.com/callback"],
  token_endpoint_auth_method: "client_secret_basic" as const, response_types: ["token" as const, "code" as const],
  permissions: ["mint" as const, "login" as const, "introspect:own" as const, "revoke:own" as const],
};

export const RegisteredClient = Type.Object({
  client_id: registered.client_id,
  client_secret: Type.Optional(Type.String({ description: "Only this answer shows it. Public clients get none" })),
  name: registered.name, logo_uri: registered.logo_uri,
  redirect_uri: registered.redirect_uri, redirect_uris: registered.redirect_uris,
  token_endpoint_auth_method: registered.token_endpoint_auth_method, response_types: registered.response_types,
  permissions: registered.permissions,
}, { $id: "RegisteredClient", examples: [{ ...example, client_secret: "authflow_secret_…" }] });

const policy = {
  providers: names("Values of `provider` that the client may use"),
  subject_prefixes: names(
    "Prefixes of `sub`: it must begin with one of them. Null allows all but those of login providers (google|…)",
  ),
  audiences: names("Audiences that the client may request",
    "no limit (a client that registered itself: AUTHFLOW_SELF_REGISTERED_AUDIENCES at the standard endpoints)"),
  default_audience: Type.Union([
    Type.Array(Type.String({ minLength: 1, maxLength: 255 }), { minItems: 1, maxItems: 10, uniqueItems: true }),
    Type.Null(),
  ], { description: "The audience if a request has none: 1 to 10 strings of 1 to 255 characters, or null" }),
  at_jwt_audiences: names("Audiences whose tokens have the `typ` at+jwt (RFC 9068), and not JWT", "none"),
  scopes: names("Values of `scope` that the client may request, beside OpenID Connect's at the standard endpoints",
    "no limit at /mint, and none at the standard endpoints"),
  audience_scopes: Type.Union([
    Type.Record(
      Type.String({ minLength: 1, maxLength: 255 }),
      Type.Array(Type.String({ pattern: "^[!#-[\\]-~]{1,255}$" }), { maxItems: 100 }),
      { maxProperties: 100 },
    ),
    Type.Null(),
  ], {
    description: "For each audience of at most 100 the scopes that its tokens may have, as arrays of at most 100 " +
      "scopes: a further limit beside `scopes`. Audiences without a member are not limited; null limits none",
  }),
  claim_names: names("Additional claims that the client may set, and acr, amr, auth_time, sid"),
  max_ttl: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
    description: "The longest lifetime of a token in whole seconds, at least 1, or null for no limit of its own",
  }),
  status_list: Type.Union([Type.Boolean(), Type.Null()], {
    description: "Whether its tokens have the claim `status` (GET /status-lists/{id}): true, false, or null for the " +
      "value of AUTHFLOW_STATUS_LISTS",
  }),
  refresh_ttl: lifetime("How long the refresh tokens of a login work"),
  refresh_idle_ttl: lifetime("How long a refresh token works that is not used"),
  login_url: Type.Union([Type.String({ minLength: 1, maxLength: 2048 }), Type.Null()], {
    description: "The platform's own login page for the client's users: an https URL of at most 2048 characters " +
      "(http on a loopback host), or null for the deployment's",
  }),
  require_pkce: Type.Union([Type.Boolean(), Type.Null()], {
    description: "Whether its authorization requests need a `code_challenge` (RFC 7636): true, false, or null for " +
      "the deployment's rule. Public clients always need one",
  }),
};
export const Policy = Type.Object(policy, {
  $id: "MintPolicy",
  description: "What a client may put into its tokens",
});

export const ClientResponse = Type.Object(
  {
    ...registered,
    disabled: Type.Boolean({
      description: "A disabled client can't mint. Its tokens stay valid until they expire or are revoked",
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
          at_jwt_audiences: null,
          scopes: ["orders:read"],
          audience_scopes: null,
          claim_names: null,
          max_ttl: 900,
          status_list: null,
          refresh_ttl: null,
          refresh_idle_ttl: null,
          login_url: null,
          require_pkce: null,
        },
        created_at: "2026-11-24T08:00:00.000Z",
        updated_at: "2026-11-24T08:00:00.000Z",
      },
    ],
  },
);

export const ClientListQuery = Type.Object({
  limit: Defaulted(
    Type.Integer({ minimum: 1, maximum: 200, default: 50, description: "A whole number from 1 to 200" })),
  cursor: Type.Optional(Type.String({ format: "uuid", description: "`next_cursor` of the previous page" })),
}, { additionalProperties: false });

export const ClientList = Type.Object({
  clients: Type.Array(ref(ClientResponse)),
  next_cursor: Type.Union([Type.String(), Type.Null()], { description: "Null on the last page" }),
}, { $id: "ClientList" });

export const ClientPatchBody = Type.Object(
  {
    name: Type.Optional(Name),
    logo_uri: Type.Optional(Type.Union([LogoUri, Type.Null()], { description: `${LogoUri.description}; null: none` })),
    redirect_uris: Type.Optional(RedirectUris),
    response_types: Type.Optional(ResponseTypes),
    permissions: Type.Optional(Permissions),
    disabled: Type.Optional(Type.Boolean({ description: "true stops minting immediately" })),
    policy: Type.Optional(
      Type.Partial(Type.Object(policy), {
        additionalProperties: false, description: "Members that are absent do not change",
      }),
    ),
  },
  {
    $id: "ClientPatch",
    additionalProperties: false,
    minProperties: 1,
    examples: [
      { disabled: true }, { policy: { max_ttl: 900, subject_prefixes: ["shop|"] } }, { permissions: ["feed"] },
    ],
  },
);

export const RotateSecretBody = Type.Object(
  {
    overlap: Defaulted(Type.Integer({
      minimum: 0,
      maximum: 2_592_000,
      default: 86_400,
      description: "Seconds for which the current secrets stay valid, 0 to 2592000",
    })),
  },
  { $id: "RotateSecretRequest", additionalProperties: false, examples: [{ overlap: 86_400 }] },
);

export const RotatedSecret = Type.Object(
  {
    client_id: registered.client_id,
    client_secret: Type.String({ description: "Only this answer shows it" }),
    previous_expires_at: Timestamp("When the previous secrets expire"),
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
