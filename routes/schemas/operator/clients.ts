import { Type } from "@sinclair/typebox";
import { Defaulted, OneOf, ref, Timestamp } from "../common.js";

const Name = Type.String({ minLength: 1, maxLength: 100, description: "1 to 100 printable characters" });
const RedirectUri = Type.String({
  minLength: 1,
  maxLength: 2048,
  description: "An absolute URI of at most 2048 characters: https, http on a loopback host, or an application's own " +
    "scheme",
});
const LogoUri = Type.String({
  minLength: 1,
  maxLength: 2048,
  description: "Shown on the pages of a login: an https URL of an image, at most 2048 printable ASCII characters " +
    "(http on a loopback host only)",
});
const RedirectUris = Type.Array(RedirectUri, {
  minItems: 1, maxItems: 20, description: "1 to 20 redirect URIs", examples: [["https://my-app.com/callback"]],
});
const ResponseTypeName = OneOf(["token", "code"], "`token` or `code`");
const ResponseTypes = Type.Array(ResponseTypeName, {
  minItems: 1, maxItems: 2, uniqueItems: true,
  description: "The response types of logins: `token`, `code` or both, each once. The first is the default of a " +
    "login request",
});
const AuthMethod = OneOf(["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
  "client_secret_basic, client_secret_post: with a secret, by HTTP Basic or in the body, as it likes. " +
  "private_key_jwt: with an assertion that it signs (RFC 7523). none: a public client without a secret");
const GRANT_TYPES = ["authorization_code", "refresh_token", "client_credentials"] as const;
const GrantTypes = Type.Array(OneOf(GRANT_TYPES, `One of ${GRANT_TYPES.join(", ")}`), {
  maxItems: GRANT_TYPES.length, uniqueItems: true,
  description: `What the client may send to POST /token: any of ${GRANT_TYPES.join(", ")}, each once. ` +
    "By default what its permissions allow: `login` the first two, `mint` the last two, the last one with " +
    "authentication only",
});
const Jwks = Type.Object({
  keys: Type.Array(Type.Record(Type.String(), Type.Unknown()), {
    minItems: 1, maxItems: 10, description: "1 to 10 public keys (RFC 7517 §4)",
  }),
}, {
  description: "The client's public keys (RFC 7517 §5), for private_key_jwt: RSA of at least 2048 bits, EC with " +
    "P-256 or OKP with Ed25519",
});
const JwksUri = Type.String({
  minLength: 1, maxLength: 2048,
  description: "Where these keys are instead: an https URL of at most 2048 characters (http on a loopback host only " +
    "if the public URL is loopback)",
});
const PERMISSIONS = [
  "mint", "login", "introspect:own", "introspect:any", "feed", "revoke:own", "revoke:any", "authenticate",
] as const;
const Permissions = Type.Array(OneOf(PERMISSIONS, `One of ${PERMISSIONS.join(", ")}`), {
  minItems: 1, maxItems: PERMISSIONS.length, uniqueItems: true,
  description: `What the client may do: any of ${PERMISSIONS.join(", ")}, each once`,
});
const ShortText = Type.String({ minLength: 1, maxLength: 255, description: "1 to 255 characters" });
const names = (description: string, none = "no limit") =>
  Type.Union([Type.Array(ShortText, { maxItems: 100 }), Type.Null()], {
    description: `${description}: at most 100 strings of 1 to 255 characters, or null for ${none}`,
  });

const lifetime = (description: string) =>
  Type.Union([Type.Integer({ minimum: 1, maximum: 2_147_472_000 }), Type.Null()], {
    description: `${description}: whole seconds from 1 to 2147472000, or null for the deployment's setting`,
  });

export const ClientId = Type.Object({ client_id: Type.String({ format: "uuid", description: "A UUID" }) });

export const RegistrationBody = Type.Object(
  {
    name: Type.Optional(Name),
    client_name: Type.Optional(Name),
    logo_uri: Type.Optional(LogoUri),
    redirect_uri: Type.Optional(RedirectUri),
    redirect_uris: Type.Optional(RedirectUris),
    token_endpoint_auth_method: Type.Optional(AuthMethod),
    grant_types: Type.Optional(GrantTypes),
    response_types: Type.Optional(ResponseTypes),
    jwks: Type.Optional(Jwks),
    jwks_uri: Type.Optional(JwksUri),
    id_token_signed_response_alg: Type.Optional(Type.String({
      minLength: 1, maxLength: 255, description: "The algorithm of its ID tokens: RS256 or the deployment's " +
        "AUTHFLOW_SIGNING_ALGORITHM. By default RS256 in the form of RFC 7591, else the deployment's",
    })),
    scope: Type.Optional(Type.String({
      maxLength: 1024,
      description: "Ignored: the client's policy says which scopes it may request. The answer lists them",
    })),
    permissions: Type.Optional(Permissions),
  },
  {
    $id: "RegistrationRequest",
    additionalProperties: false,
    description: "Authflow's own form has `name`, `redirect_uri` or `permissions`, and refuses unknown members. Any " +
      "other body, or one with `client_name`, is that of RFC 7591: unknown members are ignored, `response_types` is " +
      "`code` by default, and the client has no permission `mint` unless it asks for it",
    examples: [
      { name: "my-app", redirect_uri: "https://my-app.com/callback" },
      { name: "my-spa", redirect_uri: "https://my-app.com/callback", token_endpoint_auth_method: "none" },
      { name: "my-api", permissions: ["feed"] },
      {
        client_name: "my-app", redirect_uris: ["https://my-app.com/callback"],
        grant_types: ["authorization_code", "refresh_token"],
      },
    ],
  },
);

const ClientIdText = Type.String({ format: "uuid" });
const metadata = {
  name: Type.String(),
  client_name: Type.String({ description: "The same (RFC 7591 §2)" }),
  logo_uri: Type.Optional(Type.String()),
  redirect_uri: Type.Optional(Type.String({ description: "The first of redirect_uris, if there is one" })),
  redirect_uris: Type.Array(Type.String()),
  token_endpoint_auth_method: AuthMethod,
  grant_types: GrantTypes,
  response_types: Type.Array(ResponseTypeName, { description: "As requested; empty without the permission login" }),
  jwks: Type.Optional(Jwks),
  jwks_uri: Type.Optional(Type.String()),
  id_token_signed_response_alg: Type.Optional(Type.String()),
  permissions: Permissions,
};
const example = {
  client_id: "019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e", name: "my-app", client_name: "my-app",
  redirect_uri: "https://my-app.com/callback", redirect_uris: ["https://my-app.com/callback"],
  token_endpoint_auth_method: "client_secret_basic" as const, grant_types: [...GRANT_TYPES],
  response_types: ["token" as const, "code" as const],
  permissions: ["mint" as const, "login" as const, "introspect:own" as const, "revoke:own" as const],
};

export const RegisteredClient = Type.Object({
  client_id: ClientIdText,
  client_secret: Type.Optional(Type.String({
    description: "Only this answer shows it. Clients that authenticate without a secret get none",
  })),
  client_id_issued_at: Type.Integer({ description: "Seconds since 1970" }),
  client_secret_expires_at: Type.Optional(Type.Literal(0, { description: "0: it does not expire (RFC 7591 §3.2.1)" })),
  ...metadata,
  scope: Type.String({ description: "The scopes that the client may request at the standard endpoints" }),
}, {
  $id: "RegisteredClient",
  examples: [{
    ...example, client_secret: "authflow_secret_…", client_id_issued_at: 1_795_485_600, client_secret_expires_at: 0,
    scope: "openid profile email address phone offline_access",
  }],
});

const policy = {
  providers: names("Values of `provider` that the client may use"),
  subject_prefixes: names(
    "Prefixes of `sub`: it must begin with one of them. Null allows all but those of login providers (google|…)",
  ),
  audiences: names("Audiences that the client may request",
    "no limit (a client that registered itself: AUTHFLOW_SELF_REGISTERED_AUDIENCES at the standard endpoints)"),
  default_audience: Type.Union([
    Type.Array(ShortText, { minItems: 1, maxItems: 10, uniqueItems: true }),
    Type.Null(),
  ], { description: "The audience if a request has none: 1 to 10 strings of 1 to 255 characters, or null" }),
  at_jwt_audiences: names("Audiences whose tokens have the `typ` at+jwt (RFC 9068), and not JWT", "none"),
  scopes: names("Values of `scope` that the client may request, beside OpenID Connect's at the standard endpoints",
    "no limit at /mint, and none at the standard endpoints"),
  audience_scopes: Type.Union([
    Type.Record(
      Type.String({ minLength: 1, maxLength: 255 }),
      Type.Array(Type.String({
        pattern: "^[!#-[\\]-~]{1,255}$", description: "1 to 255 ASCII characters without spaces, \" and \\",
      }), { maxItems: 100, description: "At most 100 scopes" }),
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
  id_token_claims: Type.Union([Type.Boolean(), Type.Null()], {
    description: "Whether its ID tokens have the claims of the scopes profile and email too, for libraries that do " +
      "not ask userinfo: true, false, or null for false",
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
    client_id: ClientIdText,
    ...metadata,
    self_registered: Type.Boolean({
      description: "Nobody whom the operator trusts registered it: its users are asked for their consent",
    }),
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
        self_registered: false,
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
          id_token_claims: null,
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
    grant_types: Type.Optional(GrantTypes),
    response_types: Type.Optional(ResponseTypes),
    jwks: Type.Optional(Type.Union([Jwks, Type.Null()],
      { description: `${Jwks.description}; takes the place of jwks_uri` })),
    jwks_uri: Type.Optional(Type.Union([JwksUri, Type.Null()],
      { description: `${JwksUri.description}; takes the place of jwks` })),
    self_registered: Type.Optional(Type.Boolean({ description: "false: its users are not asked for their consent" })),
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
    description: "At least one member, for what is to change",
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
    client_id: ClientIdText,
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
