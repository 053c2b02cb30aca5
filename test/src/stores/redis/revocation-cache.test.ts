import { Redis } from "ioredis";
import t, { type Test } from "tap";
import { LATEST } from "../../../../src/revocation/cutoff.js";
import type { Revocation } from "../../../../src/revocation/journal.js";
import { RedisRevocationFace } from "../../../../src/stores/redis/revocation-cache.js";
import { isReady, privateRedis } from "../../../support/private-redis.js";

const NOW = Date.now();
const revocation = (jti: string): Revocation =>
  ({ jti, clientId: "c", subject: "s", revokedAt: NOW, expiresAt: NOW + 60_000 });

/** Redis ends what it holds at whole seconds, and tells what is left in whole ones. */
const isAMinute = (ttl: number): boolean => Math.abs(ttl - 60) <= 1;

/** True: revoked. False: not. Undefined: it can't tell. */
async function tells(face: RedisRevocationFace, jti: string): Promise<boolean | undefined> {
  const sight = await face.look(jti, []);
  if (sight === undefined || sight.revoked) return sight && true;
  return sight.complete ? false : undefined;
}

/** A face on a Redis of its own, filled with `revoked`. */
async function filledFace(t: Test) {
  const server = await privateRedis(t);
  if (server === undefined) return undefined;
  const redis = new Redis(server.url, { retryStrategy: () => 50, maxRetriesPerRequest: 0 });
  redis.on("error", () => undefined);
  t.teardown(() => { redis.disconnect(); });
  const face = new RedisRevocationFace(redis, "installation");
  await face.fill(() => face.show([revocation("revoked")], true));
  return { server, redis, face };
}

await t.test("once filled it knows what is revoked, what is not, and for how long", async (t) => {
  const filled = await filledFace(t);
  if (filled === undefined) return;
  const { face, redis } = filled;
  t.equal(await face.isComplete(), true);
  t.equal(await tells(face, "revoked"), true);
  t.equal(await tells(face, "live"), false);
  t.ok(isAMinute(await redis.ttl("revoked:revoked")));
});

await t.test("a flush leaves it without an answer, also one in the middle of a fill", async (t) => {
  const filled = await filledFace(t);
  if (filled === undefined) return;
  const { face, server } = filled;
  await server.flush();
  t.equal(await tells(face, "revoked"), undefined);
  t.equal(await face.isComplete(), false);
  t.equal(await face.fill(() => server.flush()), false, "what was shown before the flush is gone");
  t.equal(await tells(face, "live"), undefined);
  t.equal(await face.fill(async () => undefined), true);
  t.equal(await tells(face, "live"), false);
});

await t.test("a restart from a dump, which may lack the latest, is not trusted", async (t) => {
  const filled = await filledFace(t);
  if (filled === undefined) return;
  const { face, server, redis } = filled;
  await server.cli("SAVE");
  await face.show([revocation("later")], true);
  await server.kill();
  t.equal(await tells(face, "later"), undefined);
  await server.start();
  await isReady(redis);
  t.equal(await face.isComplete(), false);
  t.equal(await tells(face, "later"), undefined, "its dump says complete, and lacks this one");
});

await t.test("a primary that was resynchronised from another is not trusted, nor called ready as a replica", async (t) => {
  const [filled, other] = [await filledFace(t), await privateRedis(t)];
  if (filled === undefined || other === undefined) return;
  const { face, server, redis } = filled;
  const { port } = new URL(server.url);
  for (const one of [server, other]) await one.cli("CONFIG", "SET", "repl-diskless-sync-delay", "0");
  await other.cli("REPLICAOF", "127.0.0.1", port);
  while (!String(await other.cli("INFO", "replication")).includes("master_link_status:up")) { /* until it has copied */ }
  await other.cli("REPLICAOF", "NO", "ONE");
  await face.show([revocation("lost")], true); // acknowledged by the old primary, unknown to the new one
  await server.cli("REPLICAOF", "127.0.0.1", new URL(other.url).port);
  while (await redis.exists("revoked:lost")) { /* until the new primary's data replaced its own */ }
  await t.rejects(face.isComplete(), /READONLY|read-only replica/);
  t.not(await tells(face, "lost"), false);
  await server.cli("REPLICAOF", "NO", "ONE");
  t.equal(await face.isComplete(), false);
  t.equal(await tells(face, "lost"), undefined);
});

await t.test("a full server is not called complete: it could not take a logout", async (t) => {
  const filled = await filledFace(t);
  if (filled === undefined) return;
  const { face, server } = filled;
  await server.cli("CONFIG", "SET", "maxmemory", "1");
  await t.rejects(face.isComplete(), /OOM/);
  await t.rejects(face.show([revocation("next")], true), /OOM/);
  t.equal(await tells(face, "revoked"), true, "what it has it still tells");
});

await t.test("a cut-off stands under its name; of two the later instant and the longer life stay", async (t) => {
  const filled = await filledFace(t);
  if (filled === undefined) return;
  const { face, redis } = filled;
  const cutoff = { scope: "kid", value: "k:1", bornBefore: NOW, expiresAt: NOW + 60_000 } as const;
  const names = [cutoff, { ...cutoff, value: "another" }];
  t.strictSame((await face.look("live", names))?.bornBefore, [null, null]);
  await face.showCutoffs([{ ...cutoff, expiresAt: NOW - 1000 }], true);
  t.equal(await redis.exists("revoked-before:kid:k:1"), 0, "what no token can need is not shown");
  await face.showCutoffs([cutoff], true);
  await face.showCutoffs([{ ...cutoff, bornBefore: NOW + 5, expiresAt: NOW + 30_000 }], true);
  await face.showCutoffs([{ ...cutoff, bornBefore: NOW + 4 }], true);
  t.match(await face.look("live", names), { revoked: false, complete: true, bornBefore: [NOW + 5, null] });
  t.equal(await redis.get("revoked-before:kid:k:1"), String(NOW + 5));
  t.ok(isAMinute(await redis.ttl("revoked-before:kid:k:1")));
  await face.showCutoffs([{ ...cutoff, bornBefore: LATEST, expiresAt: LATEST }], true);
  t.strictSame((await face.look("live", names))?.bornBefore, [LATEST, null]);
});
