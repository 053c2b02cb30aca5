import { errors } from "jose";
import type { AssertionKeys } from "../clients/client-assertion.js";
import type { ClientJwks } from "../clients/client.js";
import { ASSERTION_ALGORITHMS } from "../clients/client-keys.js";
import { UpstreamError } from "../providers/upstream.js";
import type { Clock } from "../shared/clock.js";
import { exchange, type Route } from "./http.js";
import { parseJson } from "./json.js";
import { KeySet } from "./keys.js";

/** Key sets in memory. */
const CAPACITY = 1000;
/** Milliseconds for which a jwks_uri that failed is not asked again. */
const PAUSE = 5000;
/** A key that is not in the set is looked for once, and then every 30 seconds. */
const LIMITS = { algorithms: ASSERTION_ALGORITHMS, renewals: 1, renewalInterval: 30_000 };
const NAME = "the jwks_uri";

interface Options extends Pick<Route, "socketPath" | "timeout"> {
  clock: Clock;
  /** Whether clients may have private addresses, because the whole deployment is on one machine. */
  isLocal: boolean;
}

/** The keys of clients that authenticate by private_key_jwt. */
export function clientKeys({ clock, isLocal, ...route }: Options): AssertionKeys {
  const given = new WeakMap<ClientJwks, KeySet>();
  const fetched = new Map<string, KeySet>(); // in the order of last use
  const keysOf = (jwks: ClientJwks): KeySet => {
    const keys = given.get(jwks) ?? new KeySet(() => Promise.resolve(jwks), clock, LIMITS);
    given.set(jwks, keys);
    return keys;
  };
  const keysAt = (uri: string): KeySet => {
    const trustedOrigins = isLocal ? [new URL(uri).origin] : [];
    const keys = fetched.get(uri) ?? new KeySet(pausing(clock, async () =>
      parseJson(await exchange(uri, { ...route, trustedOrigins }, { name: NAME }))), clock, LIMITS);
    fetched.delete(uri);
    fetched.set(uri, keys);
    if (fetched.size > CAPACITY) fetched.delete(fetched.keys().next().value as string);
    return keys;
  };
  return {
    verify: async ({ jwks, jwksUri }, assertion) => {
      try {
        return await (jwksUri === null ? keysOf(jwks ?? { keys: [] }) : keysAt(jwksUri)).verify(assertion);
      } catch (error) {
        throw new Error(reason(error as Error), { cause: error });
      }
    },
  };
}

/** For a while after a failure, rejects with the same error without calling `fetch`. */
function pausing<T>(clock: Clock, fetch: () => Promise<T>): () => Promise<T> {
  let failure: { until: number; error: unknown } | undefined;
  return async () => {
    if (failure !== undefined && clock() < failure.until) throw failure.error;
    try {
      return await fetch();
    } catch (error) {
      failure = { until: clock() + PAUSE, error };
      throw error;
    }
  };
}

/** A message of our own: those of the library repeat parts of the assertion and the keys. */
function reason(error: Error): string {
  if (error instanceof UpstreamError) return error.message;
  if (error instanceof errors.JWSSignatureVerificationFailed) return "the signature is wrong";
  if (error instanceof errors.JWKSNoMatchingKey) return "the client has no key with its kid and alg";
  if (error instanceof errors.JOSEAlgNotAllowed) return `alg is none of ${ASSERTION_ALGORITHMS.join(", ")}`;
  return error instanceof errors.JOSEError ? error.code : `the client's key can't be used (${error.name})`;
}
