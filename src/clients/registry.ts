import { isLoginClaim, reservedClaim } from "../shared/claim-names.js";
import type { Clock } from "../shared/clock.js";
import { digest } from "../shared/digest.js";
import { AuthflowError, invalidClient, invalidRequest, notFound } from "../shared/errors.js";
import type { Lookup } from "../shared/joined-lookup.js";
import { isLogoUrl, LOGO_RULE } from "../shared/logo.js";
import { isLoopback } from "../shared/loopback.js";
import { characters, isBlank, isPrintable } from "../shared/text.js";
import { uuidv7 } from "../shared/uuid.js";
import type { ClientCache } from "./cache.js";
import {
  type Client, type ClientChange, type MintPolicy, type Permission, PERMISSIVE, RESPONSE_TYPES, type ResponseType,
} from "./client.js";
import { defaultGrantTypes } from "./grant-types.js";
import { checkPermissions, DEFAULT_PERMISSIONS, PUBLIC_PERMISSIONS, refuseFarReaching } from "./permissions.js";
import { checkRedirectUri } from "./redirect-uri.js";
import { newSecret, secretMatches } from "./secret.js";
import type { ClientStore } from "./store.js";

/** Exactly one of `redirectUri` and `redirectUris`; neither is needed without the permission `login`. */
export interface Registration {
  name: string;
  logoUri?: string | null | undefined;
  redirectUri?: string | undefined;
  redirectUris?: string[] | undefined;
  /** Default: code for a public client, token and code for any other. */
  responseTypes?: ResponseType[] | undefined;
  isPublic?: boolean | undefined;
  /** Default: `login` for a public client, DEFAULT_PERMISSIONS for any other. */
  permissions?: Permission[] | undefined;
  /** Whether the caller may get permissions that reach other clients' tokens. */
  isTrusted: boolean;
}
export interface ClientPatch {
  name?: string;
  logoUri?: string | null;
  redirectUris?: string[];
  responseTypes?: ResponseType[];
  permissions?: Permission[];
  policy?: Partial<MintPolicy>;
  disabled?: boolean;
}
/** `after` is the cursor from the previous page. */
export interface Page { limit: number; after?: string | undefined }
/** `secret` is returned only here; it is not stored. A public client has none. */
export interface RegisteredClient { client: Client; secret: string | undefined }

const NAME_MAX = 100;
const REDIRECT_URIS_MAX = 20;
const UNKNOWN = "There is no client with this client_id";

/** Registered applications: registration, authentication and changes by operators. Durations are in seconds. */
export class ClientRegistry {
  readonly #store: ClientStore;
  readonly #cache: ClientCache;
  readonly #clock: Clock;

  constructor({ store, cache, clock }: { store: ClientStore; cache: ClientCache; clock: Clock }) {
    this.#store = store;
    this.#cache = cache;
    this.#clock = clock;
  }

  async register({
    name,
    logoUri = null,
    redirectUri,
    redirectUris = redirectUri === undefined ? [] : [redirectUri],
    isPublic = false,
    responseTypes = isPublic ? ["code"] : [...RESPONSE_TYPES],
    permissions: asked = [...isPublic ? PUBLIC_PERMISSIONS : DEFAULT_PERMISSIONS],
    isTrusted,
  }: Registration): Promise<RegisteredClient> {
    const permissions = checkPermissions(asked, { isPublic, redirectUris });
    if (!isTrusted) refuseFarReaching(permissions);
    if (redirectUri !== undefined && redirectUris[0] !== redirectUri)
      throw invalidRequest("Send redirect_uri or redirect_uris, not both");
    checkNames({ name, logoUri, redirectUris });
    const secret = isPublic ? undefined : newSecret();
    const now = this.#clock();
    const client = await this.#store.insert({
      id: uuidv7(now),
      name,
      logoUri,
      redirectUris,
      secrets: secret === undefined ? [] : [{ hash: digest(secret), expiresAt: null }],
      authMethod: isPublic ? "none" : "client_secret_basic",
      isPublic,
      grantTypes: defaultGrantTypes({ isPublic, permissions }),
      jwks: null,
      jwksUri: null,
      isSelfRegistered: !isTrusted,
      responseTypes,
      permissions,
      permissionsSince: now,
      policy: PERMISSIVE,
      disabled: false,
      createdAt: now,
      updatedAt: now,
    });
    return { client, secret };
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
    if (client?.isPublic !== true) throw invalidClient();
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

  async update(id: string, { policy, ...patch }: ClientPatch): Promise<Client> {
    checkNames(patch);
    for (const [member, texts] of Object.entries(policy ?? {})) {
      if (Array.isArray(texts) && !texts.every(isPrintable)) {
        throw invalidRequest(`policy.${member} must hold printable texts without control characters`);
      }
    }
    for (const [audience, scopes] of Object.entries(policy?.audience_scopes ?? {})) {
      if (![audience, ...scopes].every(isPrintable))
        throw invalidRequest("policy.audience_scopes must hold printable texts without control characters");
    }
    if (policy?.login_url != null && !isPageUrl(policy.login_url)) {
      throw invalidRequest("policy.login_url must be an https URL without user-info and fragment " +
        "(http on a loopback host only)");
    }
    const reserved = policy?.claim_names?.find((name) => !isLoginClaim(name) && reservedClaim(name) !== undefined);
    if (reserved !== undefined)
      throw invalidRequest(`policy.claim_names must not hold ${reserved}: claims can't set it`);
    return this.#change(id, (client) => ({
      ...patch,
      permissions: checkPermissions(patch.permissions ?? client.permissions, { ...client, ...patch }),
      policy: { ...client.policy, ...policy },
    }));
  }

  /** Adds a secret. Those in use stay valid for `overlap` seconds, until `previousExpiresAt` (epoch ms). */
  async rotateSecret(
    id: string,
    overlap: number,
  ): Promise<{ client: Client; secret: string; previousExpiresAt: number }> {
    const secret = newSecret();
    const now = this.#clock();
    const previousExpiresAt = now + overlap * 1000;
    const client = await this.#change(id, ({ secrets, isPublic }) => {
      if (isPublic) throw invalidRequest("This is a public client, which has no secret: register a confidential one");
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

function found(client: Client | null): Client {
  if (client === null) throw notFound(UNKNOWN);
  return client;
}

function enabled(client: Client): Client {
  if (client.disabled)
    throw new AuthflowError(401, "invalid_client", "This client is disabled: ask the operator", { challenge: "Basic" });
  return client;
}

/** Whether a browser may be sent to this page of a platform: nobody between them can read or change what it shows. */
function isPageUrl(text: string): boolean {
  if (!/^[!-~]+$/.test(text) || !URL.canParse(text)) return false;
  const { protocol, hostname, username, password, hash } = new URL(text);
  return username + password + hash === ""
    && (protocol === "https:" || (protocol === "http:" && isLoopback(hostname)));
}

function checkNames({ name, logoUri = null, redirectUris }: ClientPatch): void {
  if (logoUri !== null && !isLogoUrl(logoUri)) throw invalidRequest(`logo_uri must be ${LOGO_RULE}`);
  if (name !== undefined && (!isPrintable(name) || isBlank(name)))
    throw invalidRequest("name must be printable text without control characters");
  if (name !== undefined && characters(name) > NAME_MAX)
    throw invalidRequest(`name must be at most ${NAME_MAX} characters`);
  if (redirectUris !== undefined && redirectUris.length > REDIRECT_URIS_MAX) {
    throw invalidRequest(`redirect_uris must be at most ${REDIRECT_URIS_MAX}`);
  }
  redirectUris?.forEach(checkRedirectUri);
  if (new Set(redirectUris).size !== (redirectUris ?? []).length)
    throw invalidRequest("redirect_uris must not repeat a URI");
}
