import type { Redis } from "ioredis";
import type { RedisFacts } from "../../shared/redis-server.js";

type Command = readonly [name: string, ...args: (string | number)[]];

const KEY = "authflow:permissions";
const REVOKED = "revoked:permissions";
/** What Authflow sends, by itself or in a script. */
const COMMANDS: readonly Command[] = [
  ["GET", KEY], ["SET", KEY, "1"], ["MGET", KEY], ["DEL", KEY], ["TTL", KEY], ["SCAN", "0"],
  ["SADD", KEY, "a"], ["SREM", KEY, "a"], ["SMEMBERS", KEY],
  ["EVAL", "return 1", 1, KEY], ["EVALSHA", "0".repeat(40), 1, KEY],
  ["TIME"], ["INFO"], ["PING"], ["PUBLISH", KEY, ""],
  ["INCR", KEY], ["PEXPIRE", KEY, 1], ["PTTL", KEY], // the rate limit of registrations
  ["GET", REVOKED], ["SET", REVOKED, "1"],
];

/**
 * What Authflow needs, and this connection may not do. None of the commands runs: after MULTI, Redis checks the command
 * and queues it, and EXEC does not follow. So the connection is of no further use.
 */
export async function obstaclesOf(redis: Redis): Promise<Obstacles> {
  const send = ([name, ...args]: Command): Promise<unknown> => redis.call(name, ...args);
  const found = [
    await obstacle(["SUBSCRIBE", KEY], redis.subscribe(KEY)),
    await obstacle(["EXEC"], send(["EXEC"])), // an error without MULTI, but another one
    await obstacle(["MULTI"], send(["MULTI"])),
  ];
  // Without MULTI, the commands would run.
  if (Object.keys(found.at(-1) ?? {}).length === 0) {
    found.push(...await Promise.all(COMMANDS.map((command) => obstacle(command, send(command)))));
  }
  const all = (member: keyof Obstacle): string[] =>
    [...new Set(found.map((one) => one[member]).filter((one) => one !== undefined))];
  return { denied: all("denied"), missing: all("missing"), refusal: all("refusal")[0] };
}

export type Obstacles = Pick<RedisFacts, "denied" | "missing" | "refusal">;
type Obstacle = Partial<Record<keyof Obstacles, string>>;

/** With these Redis refuses to write: without room, without a disk that works, without enough replicas. */
const REFUSAL = /\b(OOM|MISCONF|NOREPLICAS)\b/;

/** What the answer to a command says: the command, its keys or its channel are denied, for example. */
async function obstacle([name, ...args]: Command, answer: Promise<unknown>): Promise<Obstacle> {
  const text = await answer.then(() => "", (error: Error) => error.message);
  if (/\bunknown command\b/i.test(text)) return { missing: name };
  if (REFUSAL.test(text)) return { refusal: text };
  if (!/\bNOPERM\b/.test(text)) return {}; // not only at its beginning: EXECABORT … because of: NOPERM …
  if (/\bchannels?\b/.test(text)) return { denied: "channels authflow:*" };
  return { denied: /\bkeys?\b/.test(text) ? `keys ${args.includes(REVOKED) ? "revoked" : "authflow"}:*` : name };
}
