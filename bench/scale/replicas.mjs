// Two replicas. One answers logouts; the other one serves all subscribers, which run in separate processes.
import { fork } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { mintAs, post, register, reply } from "../measuring.mjs";
import { startServer, stop } from "../server.mjs";
import { networked, ownDatabase, ownRedis } from "./services.mjs";

const PROCESSES = 2;
/** More than any part of the benchmark opens. */
const STREAMS = "100000";
/** Monotonic milliseconds, the same in all processes of a machine. */
export const now = () => Number(process.hrtime.bigint()) / 1e6;

export async function startReplicas({ entry, dir, closing }) {
  const [database, redis] = [await ownDatabase("feed"), await ownRedis(dir)];
  closing.push(database.close, redis.close);
  const env = { ...networked(database, redis), AUTHFLOW_STREAMS_PER_CLIENT: STREAMS };
  const answering = await startServer(entry, env);
  const replicas = { answering, listening: await startServer(entry, env), env, redis, database };
  closing.push(() => Promise.all([answering, replicas.listening].map((server) => server.stop())));
  return { ...replicas, credentials: await register(answering) };
}

export async function connectAll({ closing }, { listening, credentials }, subscribers) {
  const authorization = `Basic ${Buffer.from(Object.values(credentials).join(":")).toString("base64")}`;
  const program = fileURLToPath(new URL("subscribers.mjs", import.meta.url));
  const children = Array.from({ length: PROCESSES }, () => fork(program));
  closing.push(() => Promise.all(children.map(stop)));
  /** Calls an action of subscribers.mjs in all processes; resolves to their answers. */
  const call = (action, options = {}) => Promise.all(children.map((child) => {
    const answer = reply(child);
    child.send({ action, ...options });
    return answer;
  }));
  const count = subscribers / PROCESSES;
  const took = await call("connect", { port: listening.port, authorization, count });
  return {
    call, count: count * PROCESSES, seconds: Math.max(...took.map(({ milliseconds }) => milliseconds)) / 1000,
    pids: Object.fromEntries(children.map(({ pid }, i) => [`subscribers ${i}`, pid])),
  };
}

export async function mintTokens({ generator }, server, credentials, amount) {
  const { tokens } = await generator.measure(server, { requests: [mintAs(credentials)], amount, keep: "access_token" });
  return tokens;
}

/** Logs `tokens` out, `rate` a second. Resolves to pairs of `jti` and the time of the answer. */
export function logOut({ url }, tokens, rate) {
  return Promise.all(tokens.map(async (token, i) => {
    await sleep(i * 1000 / rate);
    const { path, ...request } = post("/logout", {}, { authorization: `Bearer ${token}` });
    const response = await fetch(url + path, request);
    const answered = now();
    if (await response.text() && response.status !== 200) throw new Error(`POST /logout answered ${response.status}`);
    return [JSON.parse(Buffer.from(token.split(".")[1], "base64url")).jti, answered];
  }));
}

