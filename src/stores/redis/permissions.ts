import type { Redis } from "ioredis";

const KEY = "authflow:permissions";
const REVOKED = "revoked:permissions";
/**
 * Each command that Authflow uses, by itself or in a script. None runs: after MULTI, Redis checks the permission and
 * queues the command, and nobody sends EXEC.
 */
const COMMANDS: readonly [string, ...(string | number)[]][] = [
  ["GET", KEY], ["SET", KEY, "1"], ["MGET", KEY], ["EXISTS", KEY], ["DEL", KEY],
  ["EVAL", "return 1", 1, KEY], ["EVALSHA", "0".repeat(40), 1, KEY],
  ["TIME"], ["INFO"], ["PING"], ["PUBLISH", KEY, ""],
  ["INCR", KEY], ["PEXPIRE", KEY, 1], ["PTTL", KEY], // the rate limit of registrations
  ["XADD", KEY, "*", "a", "b"], ["XRANGE", KEY, "-", "+"], ["XREVRANGE", KEY, "+", "-"],
  ["XREAD", "STREAMS", KEY, "0"], ["TTL", KEY], // the feed and cut-offs
];

/** What Authflow needs and the user of this connection may not use. Afterwards the connection is of no further use. */
export async function deniedPermissions(redis: Redis): Promise<string[]> {
  const commands = [
    ["EXEC"] as const, // without MULTI it is an error, but not a denial
    ["MULTI"] as const, ...COMMANDS, ["GET", REVOKED] as const, ["SET", REVOKED, "1"] as const,
  ];
  const outcomes = await Promise.allSettled([
    redis.subscribe(KEY),
    ...commands.map(([name, ...args]) => redis.call(name, ...args)),
  ]);
  const denied = outcomes.flatMap((outcome, i) => {
    const [name, ...args] = i === 0 ? ["SUBSCRIBE", KEY] : commands[i - 1] as [string, ...string[]];
    const refusal = outcome.status === "rejected" ? (outcome.reason as Error).message : "";
    if (!refusal.startsWith("NOPERM")) return [];
    if (/\bchannels?\b/.test(refusal)) return ["channels authflow:*"];
    return [/\bkeys?\b/.test(refusal) ? `keys ${args.includes(REVOKED) ? "revoked" : "authflow"}:*` : name];
  });
  return [...new Set(denied)];
}
