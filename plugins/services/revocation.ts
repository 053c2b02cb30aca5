import { randomUUID } from "node:crypto";
import fp from "fastify-plugin";
import { loginProviders } from "../../src/providers/table.js";
import { Feed } from "../../src/revocation/feed/feed.js";
import { LiveTokens } from "../../src/revocation/live-tokens.js";
import type { LogFollower } from "../../src/revocation/log-follower.js";
import { LogSweeper } from "../../src/revocation/log-sweeper.js";
import { LogWriter } from "../../src/revocation/log-writer.js";
import { OutletAgreement } from "../../src/revocation/outlet-agreement.js";
import { OutletFiller } from "../../src/revocation/outlet-filler.js";
import { RevocationState } from "../../src/revocation/revocation-state.js";
import { Revocations } from "../../src/revocation/revocations.js";
import { endLastingLogins } from "../../src/sessions/lasting-logins.js";
import { systemClock } from "../../src/shared/clock.js";
import { Signal } from "../../src/shared/signal.js";
import { RedisRevocationOutlet } from "../../src/stores/redis/revocation-outlet.js";

declare module "fastify" {
  interface FastifyInstance {
    revocations: Revocations;
    revocationState: RevocationState;
    logFollower: LogFollower;
    logSweeper: LogSweeper;
    /** Undefined without Redis. */
    outletFiller: OutletFiller | undefined;
    outletAgreement: OutletAgreement;
    liveTokens: LiveTokens;
    feed: Feed;
    /** Notified when the log may have new entries. */
    logChanged: Signal;
  }
}

export default fp(async (app) => {
  const { clock, timing, installation, redis, config, statusOf, tokenVerifier: verifier, logFollower: follower } = app;
  const { revocations: log } = app.database;
  const outlet = config.redisUrl === undefined ? undefined : new RedisRevocationOutlet(redis, installation.id);
  const recovered = (entries: number): void => {
    app.log.error({ entries },
      "Redis had revocations that the database lacked (it was restored or failed over, or another service wrote them)");
    app.statusAllocator.abandon();
  };
  const monotonic = (): number => performance.now();
  const agreement = new OutletAgreement({
    store: app.database.replicas, id: randomUUID(), monotonic,
    outlet: () => (outlet === undefined ? null : outlet.identity),
    history: () => follower.history,
  });
  const state = new RevocationState({ log, follower, outlet, agreement });
  const changed = new Signal();
  app.decorate("feed", new Feed({ log, follower, clock }));
  app.decorate("revocationState", state);
  app.decorate("outletFiller", outlet && new OutletFiller({ outlet, log, follower, clock, recovered }));
  app.decorate("logSweeper", new LogSweeper({ log, clocks: [clock, systemClock], monotonic }));
  app.decorate("liveTokens", new LiveTokens({ verifier, state, uses: app.permissionUses }));
  app.decorate("logChanged", changed);
  app.decorate("outletAgreement", agreement);
  app.decorate("revocations", new Revocations({
    writer: new LogWriter({ log, follower, state }), verifier, state, outlet, agreement, clock, timing, statusOf,
    longestTtl: () => app.keys.longestTtl,
    loginProviders: loginProviders(config.providers),
    ended: endLastingLogins(app.database),
    appended: () => { changed.notify(); },
  }));
  const wake = (): void => { changed.notify(); };
  const stop = outlet === undefined ? app.database.listen(wake) : outlet.listen(wake);
  app.addHook("onClose", async () => {
    await stop();
    await agreement.leave().catch(() => undefined); // the others remove it once it is silent for long enough
  });
}, {
  name: "revocation",
  dependencies: ["database", "redis", "keys", "clients", "tokens", "status-lists", "revocation-log"],
});
