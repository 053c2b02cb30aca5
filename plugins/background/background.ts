import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import fp from "fastify-plugin";

const SWEEP_EVERY = 60_000;
/** The latest events of the journal's feed, for those who come back. */
const FEED_LENGTH = 100_000;
/** What a crash can lose: the younger tokens of its process end with it, as far as status lists go. */
const RECORD_EVERY = 250;

/** What this replica does unasked: follow the others' changes, keep Redis up to the journal, drop what has expired. */
export default fp(async (app) => {
  const { syncInterval } = app.timing;
  const stopped = new AbortController();
  setMaxListeners(0, stopped.signal); // one for each of the loops below, which are more than Node finds normal
  const every = async (milliseconds: number, what: string, work: () => Promise<unknown>): Promise<void> => {
    let failing = false;
    while (!stopped.signal.aborted) {
      try {
        await work();
        if (failing) app.log.info(`${what}: works again`);
        failing = false;
      } catch (err) {
        if (!failing) app.log.error({ err }, `${what}: failed, will be tried again`);
        failing = true;
      }
      const pause = failing ? Math.max(milliseconds, syncInterval) : milliseconds;
      await sleep(pause, undefined, { signal: stopped.signal, ref: false }).catch(() => undefined);
    }
  };
  const follow = async (): Promise<void> => {
    const asOf = app.clock();
    const { clientRevision, ringRevision } = await app.refreshInstallation();
    const followed = [app.clientCache.sync(clientRevision, asOf), app.keys.follow(ringRevision, asOf)];
    // Both to their ends: a key that can't be read must not keep a client's end from arriving.
    for (const outcome of await Promise.allSettled(followed)) if (outcome.status === "rejected") throw outcome.reason;
  };
  const rotate = async (): Promise<void> => {
    if (!app.keys.isDue() || !await app.keys.advance()) return;
    app.log.info({ keys: app.keys.keys.map(({ kid, state }) => `${kid} ${state}`) }, "the key ring turned");
  };
  let loops: Promise<unknown> = Promise.resolve();
  app.addHook("onReady", async () => {
    // Before the first one nobody knows which Redis answers: the feed would begin with an error.
    let tried = (): void => undefined;
    const synchronised = new Promise<void>((resolve) => { tried = resolve; });
    loops = Promise.all([
      every(syncInterval, "following other replicas", follow),
      every(syncInterval, "rotating the signing keys", rotate),
      every(syncInterval, "bringing Redis up to the journal", () => app.cacheSynchroniser.synchronise().finally(tried)),
      synchronised.then(() => every(0, "following the revocation feed", () => app.feed.advance())),
      every(syncInterval, "ending streams whose client may not listen any more", () => app.dismissUnauthenticated()),
      every(SWEEP_EVERY, "sweeping expired revocations", () => app.cacheSynchroniser.sweep()),
      every(SWEEP_EVERY, "sweeping the revocation feed", () => app.database.feed.sweep(FEED_LENGTH)),
      every(SWEEP_EVERY, "sweeping unfinished logins", () => app.logins.sweep()),
      every(SWEEP_EVERY, "sweeping expired codes", () => app.authorizationCodes.sweep()),
      every(RECORD_EVERY, "recording the tokens of status lists", () => app.statusAllocator.flush()),
      every(SWEEP_EVERY, "sweeping expired status lists", () => app.statusLists.sweep()),
    ]);
  });
  app.addHook("onClose", async () => {
    stopped.abort();
    app.feed.wake();
    await loops;
  });
}, {
  name: "background",
  dependencies: ["database", "clients", "keys", "revocation", "event-stream", "logins", "status-lists"],
});
