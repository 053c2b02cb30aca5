import type {
  AuthMethod, Client, ClientJwks, GrantType, MintPolicy, Permission, ResponseType,
} from "./client.js";
import { type SelfRegistered, usableScopes } from "./scope-policy.js";

/** A client's metadata, with the names of RFC 7591 §2 where it defines them. */
export interface ClientMetadata {
  client_id: string;
  name: string;
  client_name: string;
  logo_uri?: string;
  /** The first of redirect_uris, if there is one. */
  redirect_uri?: string;
  redirect_uris: string[];
  token_endpoint_auth_method: AuthMethod;
  grant_types: GrantType[];
  /** None if the client logs nobody in. */
  response_types: ResponseType[];
  jwks?: ClientJwks;
  jwks_uri?: string;
  id_token_signed_response_alg?: string;
  permissions: Permission[];
}

export interface RegisteredMetadata extends ClientMetadata {
  client_secret?: string;
  /** It does not expire. */
  client_secret_expires_at?: 0;
  /** Seconds since 1970. */
  client_id_issued_at: number;
  scope: string;
}

/** A client as operators see it: without its secrets. Instants are RFC 3339. */
export interface PresentedClient extends ClientMetadata {
  self_registered: boolean;
  disabled: boolean;
  policy: MintPolicy;
  created_at: string;
  updated_at: string;
}

export const presentMetadata = ({
  id, name, logoUri, redirectUris, authMethod, grantTypes, responseTypes, jwks, jwksUri, idTokenAlg, permissions,
}: Client): ClientMetadata => ({
  client_id: id,
  name,
  client_name: name,
  ...(logoUri !== null && { logo_uri: logoUri }),
  ...(redirectUris[0] !== undefined && { redirect_uri: redirectUris[0] }),
  redirect_uris: redirectUris,
  token_endpoint_auth_method: authMethod,
  grant_types: grantTypes,
  response_types: permissions.includes("login") ? responseTypes : [],
  ...(jwks !== null && { jwks }),
  ...(jwksUri !== null && { jwks_uri: jwksUri }),
  ...(idTokenAlg !== null && { id_token_signed_response_alg: idTokenAlg }),
  permissions,
});

/** The answer to a registration (RFC 7591 §3.2.1). `secret` is shown only there. */
export const presentRegistered = (
  client: Client,
  secret: string | undefined,
  selfRegistered: SelfRegistered,
): RegisteredMetadata => ({
  ...presentMetadata(client),
  ...(secret !== undefined && { client_secret: secret, client_secret_expires_at: 0 as const }),
  client_id_issued_at: Math.floor(client.createdAt / 1000),
  scope: usableScopes(client, { selfRegistered }).join(" "),
});

export const presentClient = (client: Client): PresentedClient => ({
  ...presentMetadata(client),
  self_registered: client.isSelfRegistered,
  disabled: client.disabled,
  policy: client.policy,
  created_at: new Date(client.createdAt).toISOString(),
  updated_at: new Date(client.updatedAt).toISOString(),
});
