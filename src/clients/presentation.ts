import type { Client, MintPolicy, Permission, ResponseType } from "./client.js";

/** A client's metadata, with the names of RFC 7591 §2 where it defines them. */
export interface ClientMetadata {
  client_id: string;
  name: string;
  logo_uri?: string;
  /** The first of redirect_uris, if there is one. */
  redirect_uri?: string;
  redirect_uris: string[];
  token_endpoint_auth_method: "client_secret_basic" | "none";
  response_types: ResponseType[];
  permissions: Permission[];
}

/** A client as operators see it: without its secrets. Instants are RFC 3339. */
export interface PresentedClient extends ClientMetadata {
  disabled: boolean;
  policy: MintPolicy;
  created_at: string;
  updated_at: string;
}

export const presentMetadata = ({
  id, name, logoUri, redirectUris, isPublic, responseTypes, permissions,
}: Client): ClientMetadata => ({
  client_id: id,
  name,
  ...(logoUri !== null && { logo_uri: logoUri }),
  ...(redirectUris[0] !== undefined && { redirect_uri: redirectUris[0] }),
  redirect_uris: redirectUris,
  token_endpoint_auth_method: isPublic ? "none" : "client_secret_basic",
  response_types: responseTypes,
  permissions,
});

export const presentClient = (client: Client): PresentedClient => ({
  ...presentMetadata(client),
  disabled: client.disabled,
  policy: client.policy,
  created_at: new Date(client.createdAt).toISOString(),
  updated_at: new Date(client.updatedAt).toISOString(),
});
