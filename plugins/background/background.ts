import { setMaxListeners } from "node:events";
import fp from "fastify-plugin";
import { everyUntil } from "./every.js";

/** Milliseconds. */
const SWEEP_INTERVAL = 60_000;
/**
 * Milliseconds between two writes of status list records. Tokens that were issued since the last one become INVALID in
 * their list if the process crashes.
 */
const RECORD_INTERVAL = 250;
/** Milliseconds between two reads of the log, for each replica: each logout wakes all, for 5,000 reads/s at most. */
const READ_PAUSE = 0.2;

const REDIS_DIFFERS = "another process on this database uses another Redis, or none: set the same REDIS_URL " +
  "everywhere. Services that read Redis directly do not see all revocations; Authflow itself does";

/** Follows the changes of other replicas, copies revocations to Redis, deletes what has expired. */
export default fp(async (app) => {
  const { syncInterval } = app.timing;
  const stopped = new AbortController();
  setMaxListeners(0, stopped.signal); // one for each loop below: above ten, Node warns of a leak
  const every = everyUntil({ log: app.log, stopped: stopped.signal, pauseAfterFailure: syncInterval });
  const follow = async (): Promise<void> => {
    const asOf = app.clock();
    const { clientRevision, ringRevision } = await app.refreshInstallation();
    const followed = [app.clientCache.sync(clientRevision, asOf), app.keys.follow(ringRevision, asOf)];
    // Both must finish: if a key can't be read, the end of a client must still take effect here.
    for (const outcome of await Promise.allSettled(followed)) if (outcome.status === "rejected") throw outcome.reason;
  };
  const rotate = async (): Promise<void> => {
    if (!app.keys.isDue() || !await app.keys.advance()) return;
    app.log.info({ keys: app.keys.keys.map(({ kid, state }) => `${kid} ${state}`) }, "the key ring changed");
  };
  /** A restored backup brings revoked keys back. The log, to which replicas and Redis gave it back, knows better. */
  const dropRevokedKeys = async (): Promise<void> => {
    for (const { kid } of app.keys.keys) {
      if (!app.logFollower.index.revokes([{ scope: "kid", value: kid }], 0)) continue;
      await app.keys.revoke(kid);
      app.log.error({ kid }, "a signing key was back that had been revoked, because a backup was restored: it is " +
        "removed again. Run authflow restored");
    }
  };
  const agree = async (): Promise<void> => {
    const { outletAgreement: agreement, outletFiller: filler, redisFaults } = app;
    const before = agreement.isContradicted;
    const isDurable = isConnected() && !redisFaults.some(({ effect }) => effect === "evicting");
    await agreement.advance(async () => isDurable && await filler?.holdsLog() === true);
    if (agreement.isContradicted && !before) app.log.error(REDIS_DIFFERS);
    if (before && !agreement.isContradicted) app.log.info(`solved: ${REDIS_DIFFERS}`);
  };
  /** The log has said why it is not (plugins/services/redis.ts). */
  const isConnected = (): boolean => app.outletFiller !== undefined && app.redis.status === "ready";
  const fillOutlet = async (): Promise<void> => { if (isConnected()) await app.outletFiller?.advance(); };
  const followLog = async (): Promise<void> => {
    await app.feed.follow();
    if (!stopped.signal.aborted) await app.logChanged.wait(syncInterval, app.outletAgreement.size * READ_PAUSE);
  };
  const sweepers = {
    codes: app.authorizationCodes, "refresh tokens": app.refreshTokenFamilies, "answers to logins": app.loginChallenges,
    sessions: app.sessions, "pushed requests": app.pushedRequests, assertions: app.clientAssertions,
    "status lists": app.statusLists, "clients that nobody used": app.clients,
  };
  let loops: Promise<unknown> = Promise.resolve();
  app.addHook("onReady", async () => {
    loops = Promise.all([
      every(syncInterval, "following other replicas", follow),
      every(syncInterval, "rotating the signing keys", rotate),
      every(0, "following the revocation log", followLog),
      every(syncInterval, "removing revoked keys", dropRevokedKeys),
      every(syncInterval, "copying revocations to Redis", fillOutlet),
      every(syncInterval, "agreeing with other replicas on Redis", agree),
      every(syncInterval, "ending streams of clients without access", () => app.endUnauthenticatedStreams()),
      every(SWEEP_INTERVAL, "deleting expired revocations", async () => {
        await app.logSweeper.sweep();
        app.logFollower.sweep(app.logSweeper.horizon);
      }),
      every(SWEEP_INTERVAL, "ending again what cut-offs ended", () => app.lastingLogins.follow()),
      every(SWEEP_INTERVAL, "deleting expired logins", () => app.logins.sweep()),
      every(SWEEP_INTERVAL, "recording which permissions clients use", () => app.permissionUses.flush()),
      ...Object.entries(sweepers).map(([what, sweeper]) =>
        every(SWEEP_INTERVAL, `deleting expired ${what}`, () => sweeper.sweep(app.logSweeper.horizon))),
      every(RECORD_INTERVAL, "recording the tokens of status lists", () => app.statusAllocator.flush()),
    ]);
  });
  app.addHook("onClose", async () => {
    stopped.abort();
    app.logChanged.notify();
    await loops;
    await app.permissionUses.flush().catch(() => undefined); // a permission that is in use will be used again
  });
}, {
  name: "background",
  dependencies: [
    "database", "clients", "keys", "revocation", "event-stream", "logins", "sessions", "authorization", "status-lists",
  ],
});
