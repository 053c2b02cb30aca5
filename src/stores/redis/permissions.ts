import type { Redis } from "ioredis";

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
 * What Authflow needs and the user of this connection may not use. None of the commands runs: after MULTI, Redis checks
 * the permission and queues the command, and EXEC does not follow. So the connection is of no further use.
 */
export async function deniedPermissions(redis: Redis): Promise<string[]> {
  const send = ([name, ...args]: Command): Promise<unknown> => redis.call(name, ...args);
  const denied = [
    await denial(["SUBSCRIBE", KEY], redis.subscribe(KEY)),
    await denial(["EXEC"], send(["EXEC"])), // an error without MULTI, but another one
    await denial(["MULTI"], send(["MULTI"])),
  ];
  // Without MULTI, the commands would run.
  if (denied.at(-1) === undefined) {
    denied.push(...await Promise.all(COMMANDS.map((command) => denial(command, send(command)))));
  }
  return [...new Set(denied.filter((one) => one !== undefined))];
}

/** What the answer to a command says is denied: the command, its keys or its channel. */
async function denial([name, ...args]: Command, answer: Promise<unknown>): Promise<string | undefined> {
  const refusal = await answer.then(() => "", (error: Error) => error.message);
  if (!/\bNOPERM\b/.test(refusal)) return undefined; // not only at its beginning: EXECABORT … because of: NOPERM …
  if (/\bchannels?\b/.test(refusal)) return "channels authflow:*";
  return /\bkeys?\b/.test(refusal) ? `keys ${args.includes(REVOKED) ? "revoked" : "authflow"}:*` : name;
}
