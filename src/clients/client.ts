/** What a client may put into the tokens it mints. `null` leaves a matter to the client, as the reference does. */
export interface MintPolicy {
  providers: string[] | null;
  subject_prefixes: string[] | null;
  audiences: string[] | null;
  default_audience: string[] | null;
  claim_names: string[] | null;
  /** Seconds. */
  max_ttl: number | null;
  /** Whether its tokens carry a status; null: as the deployment says. */
  status_list: boolean | null;
}

export const PERMISSIVE: MintPolicy = Object.freeze({
  providers: null, subject_prefixes: null, audiences: null, default_audience: null, claim_names: null, max_ttl: null,
  status_list: null,
});

/** What a login may hand to the application (RFC 6749 §3.1.1): the token itself, or a code for it. */
export const RESPONSE_TYPES = ["token", "code"] as const;
export type ResponseType = (typeof RESPONSE_TYPES)[number];

/** SHA-256 of a client secret (base64url) and the instant (epoch ms) from which it no longer works; null: it stays. */
export interface StoredSecret { hash: string; expiresAt: number | null }

/** What a client authenticates with: its id and one of its secrets. */
export interface ClientCredentials { id: string; secret: string }

export interface Client {
  /** UUIDv7: ordered by registration, so that it serves as the list's cursor. */
  id: string;
  name: string;
  redirectUris: string[];
  secrets: StoredSecret[];
  /** Has no secret, because it could not keep one (RFC 6749 §2.1): a page in a browser, a mobile application. */
  isPublic: boolean;
  /** Those it may ask for at a login; the first one is meant where it names none. */
  responseTypes: ResponseType[];
  policy: MintPolicy;
  disabled: boolean;
  /** Value of the installation-wide counter at this client's latest change. */
  revision: number;
  createdAt: number;
  updatedAt: number;
}

export type NewClient = Omit<Client, "revision">;
export type ClientChange =
  Partial<Pick<Client, "name" | "redirectUris" | "secrets" | "responseTypes" | "policy" | "disabled">>;
