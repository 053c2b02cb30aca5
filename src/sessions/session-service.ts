import type { RevocationState } from "../revocation/revocation-state.js";
import type { Clock } from "../shared/clock.js";
import { digest, randomSecret } from "../shared/digest.js";
import { accessDenied } from "../shared/errors.js";
import { sweepAll } from "../shared/sweep.js";
import type { IdentityClaims } from "../tokens/claims.js";
import type { LoginFacts, Session, SessionStore } from "./session.js";

/** A session, and the new value of the browser's cookie for it. */
export interface StartedSession { session: Session; cookie: string }

interface Dependencies {
  store: SessionStore;
  state: Pick<RevocationState, "hasRevoked">;
  clock: Clock;
  /** Seconds: how long a session lives in all, and without use. */
  ttl: number;
  idleTtl: number;
}

/** The use of a session is written once in this part of its idle lifetime. */
const TOUCH_FRACTION = 20;

/** Sessions in browsers: single sign-on between the applications of this service. */
export class SessionService {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** Seconds that a browser keeps the cookie. */
  get cookieLifetime(): number { return this.#dependencies.ttl; }

  /** The session of a cookie; undefined if there is none, or it has ended. */
  async current(cookie: string | undefined): Promise<Session | undefined> {
    const { store, clock, idleTtl } = this.#dependencies;
    const session = await this.#find(cookie);
    if (session === undefined) return undefined;
    const idleUntil = clock() + idleTtl * 1000;
    if (idleUntil - session.idleUntil > idleTtl * 1000 / TOUCH_FRACTION) await store.touch(session.sid, idleUntil);
    return session;
  }

  /**
   * The session after a login. A user who logs in again in the same browser keeps the session; `previous` is the
   * cookie that the browser had. The cookie's value is new, so that nobody who planted the old one gets in.
   */
  async start(claims: IdentityClaims, facts: LoginFacts, previous: string | undefined): Promise<StartedSession> {
    const { store, clock, ttl, idleTtl } = this.#dependencies;
    const cookie = randomSecret();
    const now = clock();
    const lifetime = { idleUntil: now + idleTtl * 1000, endsAt: now + ttl * 1000 };
    const known = await this.#find(previous);
    if (known?.claims.sub === claims.sub) {
      const renewed = { ...known, claims, facts, ...lifetime };
      if (await store.renew(renewed, digest(cookie))) return { session: renewed, cookie };
    }
    const session = { sid: randomSecret(), claims, facts, createdAt: now, ...lifetime };
    await store.insert(session, digest(cookie));
    // After it is stored: a cut-off deletes what it finds, and this finds the cut-off.
    if (await this.hasEnded(session)) throw accessDenied("The user was logged out during this login: start it again");
    return { session, cookie };
  }

  /** Ends all sessions. Their tokens stay valid. */
  async endAll(): Promise<void> {
    await this.#dependencies.store.endAll();
  }

  /** Deletes sessions that ended before an instant; returns how many. */
  sweep(before: number): Promise<number> {
    return sweepAll((limit) => this.#dependencies.store.sweep(before, limit));
  }

  async #find(cookie: string | undefined): Promise<Session | undefined> {
    const { store, clock } = this.#dependencies;
    const session = cookie === undefined ? null : await store.find(digest(cookie));
    const now = clock();
    const isLive = session !== null && session.idleUntil > now && session.endsAt > now && !await this.hasEnded(session);
    return isLive ? session : undefined;
  }

  /** Whether a cut-off ended it. Whoever gives something for a session asks afterwards, too. */
  hasEnded({ sid, claims: { sub }, createdAt }: Session): Promise<boolean> {
    return this.#dependencies.state.hasRevoked(
      [{ scope: "sid", value: sid }, { scope: "sub", value: sub }], createdAt);
  }
}
