import { type Static, Type } from "@sinclair/typebox";

/** What a client may put into the tokens it mints. `null` leaves a matter to the client, as the reference service does. */
export const MintPolicy = Type.Object({
  providers: Type.Union([Type.Array(Type.String()), Type.Null()]),
  subject_prefixes: Type.Union([Type.Array(Type.String()), Type.Null()]),
  audiences: Type.Union([Type.Array(Type.String()), Type.Null()]),
  default_audience: Type.Union([Type.Array(Type.String()), Type.Null()]),
  claim_names: Type.Union([Type.Array(Type.String()), Type.Null()]),
  max_ttl: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]),
});
export type MintPolicy = Static<typeof MintPolicy>;

export const PERMISSIVE: MintPolicy = Object.freeze({
  providers: null, subject_prefixes: null, audiences: null, default_audience: null, claim_names: null, max_ttl: null,
});

/** SHA-256 of a client secret (base64url) and the instant (epoch ms) from which it no longer works; null: it stays. */
export interface StoredSecret { hash: string; expiresAt: number | null }

export interface Client {
  /** UUIDv7: ordered by registration, so that it serves as the list's cursor. */
  id: string;
  name: string;
  redirectUris: string[];
  secrets: StoredSecret[];
  policy: MintPolicy;
  disabled: boolean;
  /** Value of the installation-wide counter at this client's latest change. */
  revision: number;
  createdAt: number;
  updatedAt: number;
}

export type NewClient = Omit<Client, "revision">;
export type ClientChange = Partial<Pick<Client, "name" | "redirectUris" | "secrets" | "policy" | "disabled">>;
