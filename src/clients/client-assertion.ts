import { type Clock, CLOCK_TOLERANCE, MAX_CLOCK_SKEW } from "../shared/clock.js";
import { digest } from "../shared/digest.js";
import { invalidAssertion } from "../shared/errors.js";
import type { Lookup } from "../shared/joined-lookup.js";
import { sweepAll } from "../shared/sweep.js";
import type { Client } from "./client.js";
import { type ClientRegistry, enabled } from "./registry.js";

/** RFC 7523 §2.2 */
export const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** Milliseconds that an assertion may still be valid. Some libraries give theirs an hour. */
const LIFETIME_MAX = 3_600_000;
const JTI_MAX = 255;
/** Of the JWT of another kind, which the client signs with the same key, `typ` says something else (RFC 8725 §3.11). */
const TYPES: readonly unknown[] = [undefined, "jwt", "client-authentication+jwt"];

/** Finds the keys of clients. */
export interface AssertionKeys {
  /** Resolves to the payload of a JWS that one of the client's keys signed. The error's message is for the log. */
  verify(client: Pick<Client, "jwks" | "jwksUri">, assertion: string): Promise<string>;
}

/** Values that are accepted once, by all replicas together. */
export interface UsedValueStore {
  /** False if the value was accepted before. `expiresAt` (epoch ms): from then on it need not be remembered. */
  accept(hash: string, expiresAt: number): Promise<boolean>;
  /** Deletes up to `limit` that expired at or before `before` (epoch ms); returns how many. */
  sweep(before: number, limit: number): Promise<number>;
}

interface Dependencies {
  clients: Pick<ClientRegistry, "lookUp">;
  keys: AssertionKeys;
  used: UsedValueStore;
  clock: Clock;
  /** What every assertion may name in `aud`. */
  audiences: readonly string[];
}

/** Authenticates clients by private_key_jwt (OpenID Connect Core §9, RFC 7523 §3). */
export class ClientAssertions {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * `endpoint`: the URL of the called endpoint, which `aud` may name too (RFC 9126 §2). Rejects with invalid_client,
   * whose answer is the same for whatever is wrong.
   */
  async authenticate(assertion: string, { endpoint, lookup }: { endpoint: string; lookup: Lookup }): Promise<Client> {
    const { clients, keys, used, clock, audiences } = this.#dependencies;
    const { sub, typ: type } = unverified(assertion);
    const client = sub === undefined ? null : await clients.lookUp(sub, lookup);
    if (client?.authMethod !== "private_key_jwt") throw invalidAssertion("sub is no client with private_key_jwt");
    if (!TYPES.includes(typeof type === "string" ? type.toLowerCase() : type))
      throw invalidAssertion("typ is that of another kind of JWT");
    const payload = await keys.verify(client, assertion)
      .catch((cause: unknown) => { throw invalidAssertion((cause as Error).message); });
    const { jti, exp } = checked(payload, client.id, [...audiences, endpoint], clock());
    if (!await used.accept(digest(`${client.id} ${jti}`), exp * 1000 + CLOCK_TOLERANCE))
      throw invalidAssertion("jti was used before");
    return enabled(client);
  }

  /** Deletes what expired at or before `before` (epoch ms). */
  sweep(before: number): Promise<number> {
    return sweepAll((limit) => this.#dependencies.used.sweep(before, limit));
  }
}

/** What an assertion says of itself, before anything is verified. */
export function unverified(assertion: string): { sub?: string; typ?: unknown } {
  const [, header, payload] = /^([\w-]+)\.([\w-]+)\.[\w-]+$/.exec(assertion) ?? [];
  const { sub } = members(Buffer.from(payload ?? "", "base64url").toString());
  const { typ } = members(Buffer.from(header ?? "", "base64url").toString());
  return { ...(typeof sub === "string" && { sub }), typ };
}

function members(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
  } catch {
    return {};
  }
}

/** The claims of RFC 7523 §3 and OpenID Connect Core §9. `now`: epoch ms. */
function checked(payload: string, id: string, audiences: readonly string[], now: number) {
  const { iss, sub, aud, exp, nbf, iat, jti } = members(payload);
  const isNumber = (claim: unknown): claim is number => typeof claim === "number" && Number.isFinite(claim);
  const isFuture = (claim: unknown): boolean =>
    claim !== undefined && (!isNumber(claim) || claim * 1000 > now + MAX_CLOCK_SKEW);
  if (iss !== id || sub !== id) throw invalidAssertion("iss and sub must both be the client_id");
  if (![aud].flat().some((one) => audiences.includes(one as string)))
    throw invalidAssertion(`aud is none of ${audiences.join(", ")}`);
  if (!isNumber(exp)) throw invalidAssertion("exp must be seconds since 1970");
  if (exp * 1000 <= now - CLOCK_TOLERANCE) throw invalidAssertion("exp is in the past: compare the clocks");
  if (exp * 1000 > now + LIFETIME_MAX + MAX_CLOCK_SKEW) throw invalidAssertion("exp is more than an hour ahead");
  if (isFuture(nbf) || isFuture(iat)) throw invalidAssertion("nbf or iat is in the future: compare the clocks");
  if (typeof jti !== "string" || jti === "" || jti.length > JTI_MAX)
    throw invalidAssertion(`jti must be 1 to ${JTI_MAX} characters`);
  return { jti, exp };
}
