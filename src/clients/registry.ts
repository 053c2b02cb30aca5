import { isLoginClaim, reservedClaim } from "../shared/claim-names.js";
import type { Clock } from "../shared/clock.js";
import { digest } from "../shared/digest.js";
import { AuthflowError, invalidClient, invalidRequest, notFound } from "../shared/errors.js";
import { isLoginUrl } from "../shared/login-url.js";
import { isScopeValue } from "../shared/scope.js";
import { sweepAll } from "../shared/sweep.js";
import { isBlank, isPrintable } from "../shared/text.js";
import type { Lookup } from "../shared/joined-lookup.js";
import type { ClientCache } from "./cache.js";
import type {
  Client, ClientChange, ClientJwks, GrantType, MintPolicy, Permission, ResponseType,
} from "./client.js";
import { checkGrantTypes, followingGrantTypes } from "./grant-types.js";
import { checkKeys, checkNames } from "./metadata.js";
import { UNUSED_MAX } from "./open-registration.js";
import { checkPermissions } from "./permissions.js";
import { newClient, type Registration, type RegistrationRules } from "./registration.js";
import { newSecret, secretMatches } from "./secret.js";
import type { ClientStore } from "./store.js";

export interface ClientPatch {
  name?: string;
  logoUri?: string | null;
  redirectUris?: string[];
  grantTypes?: GrantType[];
  responseTypes?: ResponseType[];
  /** Each takes the other's place. */
  jwks?: ClientJwks | null;
  jwksUri?: string | null;
  isSelfRegistered?: boolean;
  permissions?: Permission[];
  policy?: Partial<MintPolicy>;
  disabled?: boolean;
}
/** `after` is the cursor from the previous page. */
export interface Page { limit: number; after?: string | undefined }
/** `secret` is returned only here; it is not stored. A public client has none. */
export interface RegisteredClient { client: Client; secret: string | undefined }

const UNKNOWN = "There is no client with this client_id";

interface Dependencies { store: ClientStore; cache: ClientCache; clock: Clock; rules: RegistrationRules }

/** Registered applications: registration, authentication and changes by operators. Durations are in seconds. */
export class ClientRegistry {
  readonly #store: ClientStore;
  readonly #cache: ClientCache;
  readonly #clock: Clock;
  readonly #rules: RegistrationRules;

  constructor({ store, cache, clock, rules }: Dependencies) {
    this.#store = store;
    this.#cache = cache;
    this.#clock = clock;
    this.#rules = rules;
  }

  async register(registration: Registration): Promise<RegisteredClient> {
    const { client, secret } = newClient(registration, this.#rules, this.#clock());
    if (client.expiresAt === null) return { client: await this.#store.insert(client), secret };
    const stored = await this.#store.insertExpiring(client, UNUSED_MAX);
    if ("fullUntil" in stored) throw tooManyUnused(Math.max(60, Math.ceil((stored.fullUntil - this.#clock()) / 1000)));
    return { client: stored, secret };
  }

  /** A user of the client logged in: it does not expire any more. Rejects with invalid_client if it is gone already. */
  async keep({ id, expiresAt }: Client): Promise<void> {
    if (expiresAt === null) return;
    const kept = await this.#store.update(id, this.#clock(), () => ({ expiresAt: null }));
    this.#cache.put(id, kept);
    if (kept === null) throw expired();
  }

  /** Deletes clients that anybody registered and no user used; returns how many. */
  sweep(): Promise<number> {
    return sweepAll((limit) => this.#store.sweep(this.#clock(), limit));
  }

  /** The client, if the cache shows that the secret is right. Undefined does not mean that it is wrong. */
  authenticateFromCache(id: string, secret: string): Client | undefined {
    const client = this.#cache.get(id);
    return client !== undefined && secretMatches(client.secrets, secret, this.#clock()) ? enabled(client) : undefined;
  }

  /**
   * Authenticates by one read of the database. A refusal takes equally long for an unknown client and a wrong secret,
   * so that the response time reveals nothing. Rejects with invalid_client.
   */
  async authenticate(id: string, secret: string, lookup?: Lookup): Promise<Client> {
    const client = await this.#cache.load(id, lookup);
    if (!secretMatches(client?.secrets, secret, this.#clock()) || client === null) throw invalidClient();
    return enabled(client);
  }

  /** Whether these credentials still authenticate a client that may follow the feed; at most a second old. */
  async mayStillFollow(id: string, secret: string): Promise<boolean> {
    const works = (client: Client | null | undefined): boolean => client?.disabled === false
      && client.permissions.includes("feed") && secretMatches(client.secrets, secret, this.#clock());
    return works(this.#cache.get(id)) || works(await this.#cache.load(id)); // the cache may lack the newest secret
  }

  /** The client, even if it is disabled, without authentication. The answer is at most a second old. */
  async lookUp(id: string, lookup?: Lookup): Promise<Client | null> {
    return this.#cache.get(id) ?? this.#cache.load(id, lookup);
  }

  /** The public client with this id, which it sends instead of credentials (RFC 6749 §3.2.1). */
  async identify(id: string, lookup?: Lookup): Promise<Client> {
    const client = await this.lookUp(id, lookup);
    if (client?.authMethod !== "none")
      throw invalidClient("client_secret is missing, or client_id is not that of a public client");
    return enabled(client);
  }

  async read(id: string): Promise<Client> {
    return found(await this.#store.find(id));
  }

  /** One page in the order of registration, and the cursor of the next page, null on the last one. */
  async list({ limit, after }: Page): Promise<{ clients: Client[]; next: string | null }> {
    const clients = await this.#store.list({ limit: limit + 1, ...(after === undefined ? {} : { after }) });
    const page = clients.slice(0, limit);
    return { clients: page, next: clients.length > limit ? (page.at(-1)?.id ?? null) : null };
  }

  async update(id: string, { policy, grantTypes, ...members }: ClientPatch): Promise<Client> {
    const patch = Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as
      typeof members;
    checkNames(patch);
    if (patch.jwks != null && patch.jwksUri != null) throw invalidRequest("Send jwks or jwks_uri, not both");
    for (const [member, texts] of Object.entries(policy ?? {})) {
      if (Array.isArray(texts) && !texts.every((text) => isPrintable(text) && !isBlank(text)))
        throw invalidRequest(`policy.${member} must hold printable texts without control characters`);
    }
    const impossible = policy?.scopes?.find((scope) => !isScopeValue(scope));
    if (impossible !== undefined) {
      throw invalidRequest(`policy.scopes must not hold "${impossible}", which no scope can have: a value is ASCII ` +
        "characters without spaces, \" and \\");
    }
    for (const [audience, scopes] of Object.entries(policy?.audience_scopes ?? {})) {
      if (![audience, ...scopes].every(isPrintable))
        throw invalidRequest("policy.audience_scopes must hold printable texts without control characters");
    }
    if (policy?.login_url != null && !isLoginUrl(policy.login_url)) {
      throw invalidRequest("policy.login_url must be an https URL without user-info and fragment " +
        "(http on a loopback host only)");
    }
    const reserved = policy?.claim_names?.find((name) => !isLoginClaim(name) && reservedClaim(name) !== undefined);
    if (reserved !== undefined)
      throw invalidRequest(`policy.claim_names must not hold ${reserved}: claims can't set it`);
    return this.#change(id, (client) => {
      const keys = {
        jwks: patch.jwks ?? (patch.jwks === null || patch.jwksUri != null ? null : client.jwks),
        jwksUri: patch.jwksUri ?? (patch.jwksUri === null || patch.jwks != null ? null : client.jwksUri),
      };
      if (patch.jwks !== undefined || patch.jwksUri !== undefined) checkKeys({ ...client, ...keys }, this.#rules);
      const changed = { ...client, ...patch, ...keys };
      const permissions = checkPermissions(changed.permissions, changed);
      const after = { ...changed, permissions };
      return {
        ...patch, ...keys, permissions, policy: { ...client.policy, ...policy },
        ...(patch.isSelfRegistered === false && { expiresAt: null }),
        grantTypes: grantTypes === undefined ? followingGrantTypes(client, after) : checkGrantTypes(grantTypes, after),
      };
    });
  }

  /** Adds a secret. Those in use stay valid for `overlap` seconds, until `previousExpiresAt` (epoch ms). */
  async rotateSecret(
    id: string,
    overlap: number,
  ): Promise<{ client: Client; secret: string; previousExpiresAt: number }> {
    const secret = newSecret();
    const now = this.#clock();
    const previousExpiresAt = now + overlap * 1000;
    const client = await this.#change(id, ({ secrets, authMethod }) => {
      if (authMethod === "none")
        throw invalidRequest("This is a public client, which has no secret: register a confidential one");
      if (authMethod === "private_key_jwt")
        throw invalidRequest("This client authenticates by its keys, and has no secret: change its jwks or jwks_uri");
      const inUse = secrets.filter(({ expiresAt }) => expiresAt === null || expiresAt > now);
      const ending = inUse.map(({ hash, expiresAt }) =>
        ({ hash, expiresAt: Math.min(expiresAt ?? Infinity, previousExpiresAt) }));
      return { secrets: [{ hash: digest(secret), expiresAt: null }, ...ending] };
    });
    return { client, secret, previousExpiresAt };
  }

  async delete(id: string): Promise<void> {
    if (!(await this.#store.delete(id, this.#clock()))) throw notFound(UNKNOWN);
    this.#cache.put(id, null);
  }

  async #change(id: string, change: (client: Client) => ClientChange): Promise<Client> {
    const client = found(await this.#store.update(id, this.#clock(), change));
    this.#cache.put(id, client); // effective at once on this replica; `ClientCache.sync` updates the others
    return client;
  }
}

const tooManyUnused = (retryAfter: number): AuthflowError => new AuthflowError(429, "too_many_requests",
  `${UNUSED_MAX} clients wait for their first login already: try again later, or ask the operator for a client`,
  { retryAfter });

const expired = (): AuthflowError => new AuthflowError(401, "invalid_client",
  "This client was deleted, because nobody used it for a day: register it again", { challenge: "Basic" });

function found(client: Client | null): Client {
  if (client === null) throw notFound(UNKNOWN);
  return client;
}

/** Throws invalid_client if an operator disabled the client, which only its right authentication may reveal. */
export function enabled(client: Client): Client {
  if (client.disabled)
    throw new AuthflowError(401, "invalid_client", "This client is disabled: ask the operator", { challenge: "Basic" });
  return client;
}
