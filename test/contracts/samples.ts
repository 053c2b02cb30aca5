import { randomUUID } from "node:crypto";
import { type NewClient, PERMISSIVE } from "../../src/clients/client.js";
import type { StoredKey } from "../../src/keys/store.js";
import { type Entry, FOREVER } from "../../src/revocation/entry.js";
import type { RefreshGrant, RefreshTokenFamily } from "../../src/sessions/refresh-token.js";
import type { Authorized } from "../../src/tokens/authorized.js";

export const NOW = Date.UTC(2026, 0, 1, 12, 30, 15, 123);

let count = 0;
/** Ascending within a process, as UUIDv7 are, and different between processes. */
export const nextId = (): string => `${String(++count).padStart(8, "0")}-${randomUUID()}`;

export const aClient = (changes: Partial<NewClient> = {}): NewClient => ({
  id: nextId(), name: "Zürich 🚲",
  logoUri: "https://app.example.com/logo.png",
  redirectUris: ["https://app.example.com/callback?a=%00&b=\\u0000"],
  secrets: [{ hash: "a-hash", expiresAt: null }, { hash: "another", expiresAt: NOW }],
  authMethod: "client_secret_basic", grantTypes: ["authorization_code"], jwksUri: null,
  idTokenAlg: "RS256",
  jwks: { keys: [{ kty: "OKP", crv: "Ed25519", x: "an-x", kid: "é" }] },
  isSelfRegistered: false, responseTypes: ["code", "token"],
  permissions: ["mint", "introspect:own", "feed"], permissionsSince: NOW,
  policy: { ...PERMISSIVE, providers: ["google"], max_ttl: 60 },
  disabled: false, expiresAt: null, createdAt: NOW, updatedAt: NOW, ...changes,
});

/** A revoked token. */
export const anEntry = (changes: Partial<Entry> = {}): Entry =>
  ({ scope: "jti", value: nextId(), issuedBefore: FOREVER, expiresAt: NOW + 60_000, ...changes });

export const aCutoff = (changes: Partial<Entry> = {}): Entry =>
  anEntry({ scope: "sub", issuedBefore: NOW, ...changes });

export const aKey = (changes: Partial<StoredKey> = {}): StoredKey => ({
  kid: nextId(), algorithm: "RS256", state: "active", publicJwk: "{\"kty\":\"RSA\"}", sealedPrivateKey: "v1.sealed",
  createdAt: NOW, activatedAt: NOW, retiredAt: null, longestTtl: 86_400, ...changes,
});

export const AUTHORIZED: Authorized = {
  claims: { sub: "corp|alice", provider: "corp", name: "Zürich 🚲" }, sid: "a-session", authTime: 1, amr: ["pwd"],
  scopes: ["openid"], resources: [], wanted: { userinfo: [], idToken: ["email"] },
};
export const MINT: RefreshGrant = { kind: "mint", request: { sub: "alice", claims: { roles: ["a"], n: 0.1 } } };

export const aFamily = (changes: Partial<RefreshTokenFamily> = {}): RefreshTokenFamily => ({
  id: nextId(), tokenHash: "first", issuedAt: NOW, previousHash: undefined,
  clientId: nextId(), sub: nextId(), sid: nextId(), grant: MINT,
  createdAt: NOW, idleUntil: NOW + 1000, endsAt: NOW + 5000, ...changes,
});

/** Null if there is none. */
export const find = async <T>(store: { findAll(keys: string[]): Promise<T[]> }, key: string): Promise<T | null> =>
  (await store.findAll([key]))[0] ?? null;
