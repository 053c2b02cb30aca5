import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";
import { sealJson, unsealJson } from "../keys/sealing.js";
import { type AuthflowError, invalidRequest } from "../shared/errors.js";
import { defaultMode, type Login } from "./pending-login.js";

/** Characters. Browsers keep a cookie whose name and value together have up to 4,096 (RFC 6265 §6.1). */
const SEALED_MAX = 4000;
interface Keys { cookie: Buffer; state: Buffer }
/** Bytes of a state: so many random ones, and as many of their MAC. */
const HALF = 16;

/**
 * Seals logins in progress into cookies, so that starting one writes nothing to the database: anybody may start logins,
 * as many as the rate limit lets through.
 */
export class LoginSealer {
  /** The first ones are those in use. */
  readonly #keys: readonly [Keys, ...Keys[]];

  /** `keks`: the key encryption keys. The first one seals; what any of them sealed can be opened. */
  constructor([kek, ...former]: readonly [Buffer, ...Buffer[]]) {
    this.#keys = [derive(kek), ...former.map(derive)];
  }

  /** A new value of `state` for a provider: 43 characters that can't be guessed. */
  newState(): string {
    const random = randomBytes(HALF);
    return Buffer.concat([random, mac(this.#keys[0].state, random)]).toString("base64url");
  }

  /** Whether this installation made the state: one that somebody invented needs no look into the database. */
  isOwnState(state: string): boolean {
    const bytes = Buffer.from(state, "base64url");
    if (bytes.length !== 2 * HALF) return false;
    const [random, tag] = [bytes.subarray(0, HALF), bytes.subarray(HALF)];
    return this.#keys.some((keys) => timingSafeEqual(mac(keys.state, random), tag));
  }

  /** Opens only with this `state`. Throws invalid_request if the login does not fit into a cookie. */
  seal(login: Login, state: string): string {
    const sealed = this.sealValue(login, state);
    if (sealed.length > SEALED_MAX) throw tooLong(login);
    return sealed;
  }

  /** Undefined unless the login was sealed here, with this state. */
  open(sealed: string, state: string): Login | undefined {
    const login = this.openValue<Login>(sealed, state);
    // A replica of the version before, which knew no other modes, may have sealed it.
    return login && { ...login, responseMode: login.responseMode ?? defaultMode(login.responseType) };
  }

  /** Any value for the browser to keep; opens only with this `context`. */
  sealValue(value: object, context: string): string {
    return sealJson(this.#keys[0].cookie, context, value);
  }

  /** Undefined unless `sealed` was made here, with this context. */
  openValue<T>(sealed: string, context: string): T | undefined {
    return unsealJson<T>(this.#keys.map((keys) => keys.cookie), context, sealed);
  }
}

/** Names the longest of what the application may shorten. */
function tooLong({ state, redirectUri, hints }: Login): AuthflowError {
  const sizes = Object.entries({ state, redirect_uri: redirectUri, ...hints })
    .map(([name, value = ""]) => ({ name, size: Buffer.byteLength(value) }));
  const { name } = sizes.reduce((longest, one) => (one.size > longest.size ? one : longest));
  return invalidRequest(`${name} is too long: state, redirect_uri and what goes to the provider, such as login_hint, ` +
    "may have about 2600 bytes together. " + (name === "state"
    ? "Keep what it holds in the user's session, and send a random value" : "Send a shorter one"));
}

function derive(kek: Buffer): Keys {
  const key = (purpose: string) => Buffer.from(hkdfSync("sha256", kek, "", `authflow login ${purpose}`, 32));
  return { cookie: key("cookie"), state: key("state") };
}

const mac = (key: Buffer, data: Buffer): Buffer => createHmac("sha256", key).update(data).digest().subarray(0, HALF);
