import type { Client, MintPolicy, ResponseType } from "./client.js";

/** A client's metadata, with the names of RFC 7591 §2 where it defines them. */
export interface ClientMetadata {
  client_id: string;
  name: string;
  /** The first of redirect_uris. */
  redirect_uri: string;
  redirect_uris: string[];
  token_endpoint_auth_method: "client_secret_basic" | "none";
  response_types: ResponseType[];
}

/** A client as operators see it: without its secrets. Instants are RFC 3339. */
export interface PresentedClient extends ClientMetadata {
  disabled: boolean;
  policy: MintPolicy;
  created_at: string;
  updated_at: string;
}

export const presentMetadata = ({ id, name, redirectUris, isPublic, responseTypes }: Client): ClientMetadata => ({
  client_id: id,
  name,
  redirect_uri: redirectUris[0] as string,
  redirect_uris: redirectUris,
  token_endpoint_auth_method: isPublic ? "none" : "client_secret_basic",
  response_types: responseTypes,
});

export const presentClient = (client: Client): PresentedClient => ({
  ...presentMetadata(client),
  disabled: client.disabled,
  policy: client.policy,
  created_at: new Date(client.createdAt).toISOString(),
  updated_at: new Date(client.updatedAt).toISOString(),
});
