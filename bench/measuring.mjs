// Shared by the benchmarks: requests, the load generator, and CPU measurements.
import { fork } from "node:child_process";
import os from "node:os";
import { fileURLToPath } from "node:url";
import { cpuSeconds } from "./process.mjs";
import { stop } from "./server.mjs";

const USER = { sub: "alice", provider: "local", email: "alice@example.com" };

export const post = (path, body, headers) => ({
  method: "POST", path, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body),
});
/** POST /introspect, RFC 7662; `credentials` may be undefined. */
export const introspectAs = (credentials, path = "/introspect") => (token) => ({
  method: "POST", path, body: new URLSearchParams({ token }).toString(),
  headers: {
    "content-type": "application/x-www-form-urlencoded",
    ...(credentials && { authorization: basic(credentials) }),
  },
});
export const basic = ({ client_id: id, client_secret: secret }) =>
  `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`;
export const mintAs = (credentials) => post("/mint", { ...credentials, ...USER });

export async function register({ url }) {
  const request = post("/clients", {
    name: "Bench", redirect_uri: "https://app.example.com/callback",
    permissions: ["mint", "introspect:any", "feed", "revoke:any", "login", "authenticate"],
  });
  const { client_id, client_secret } = await (await fetch(`${url}/clients`, request)).json();
  return { client_id, client_secret };
}

/** The next message of a child process. */
export const reply = (child) => new Promise((resolve, reject) => {
  const ended = (code) => { reject(new Error(`A child process ended with ${code}`)); };
  child.once("exit", ended).once("message", (message) => { child.off("exit", ended); resolve(message); });
});

export function startGenerator(connections) {
  const child = fork(fileURLToPath(new URL("load.mjs", import.meta.url)));
  /** One round of load on one process. Resolves to its CPU seconds for each request, rates, latencies, tokens. */
  const measure = async ({ url, pid }, task) => {
    const [cpu, machine] = [cpuSeconds(pid), machineTimes()];
    child.send({ url, connections, ...task });
    const { seconds, answered, failed, p50, p99, tokens, generatorCpu } = await reply(child);
    if (failed > 0) throw new Error(`${failed} of ${task.amount} requests to ${url}${task.requests[0].path} failed`);
    const spent = cpuSeconds(pid) - cpu;
    const [idle, total] = machineTimes().map((time, i) => time - machine[i]);
    return {
      cpu: spent / answered, rate: answered / seconds, p50, p99, tokens,
      serverCores: spent / seconds, generatorCores: generatorCpu / seconds,
      idle: idle / total, others: Math.max(0, 1 - idle / total - (spent + generatorCpu) / seconds / os.cpus().length),
    };
  };
  return { measure, pid: child.pid, stop: () => stop(child) };
}

/**
 * Starts a stopwatch for `pids`, processes by name. The returned function gives the seconds since then, the CPU seconds
 * of each process, and the shares of the machine that were idle or used by other processes.
 */
export function watch(pids) {
  const spent = () => Object.values(pids).map(cpuSeconds);
  const [start, before, machine] = [performance.now(), spent(), machineTimes()];
  return () => {
    const seconds = (performance.now() - start) / 1000;
    const cpu = spent().map((now, i) => now - before[i]);
    const [idle, total] = machineTimes().map((time, i) => time - machine[i]);
    const ours = cpu.reduce((sum, one) => sum + one, 0) / seconds / os.cpus().length;
    return {
      seconds, cpu: Object.fromEntries(Object.keys(pids).map((name, i) => [name, cpu[i]])),
      idle: idle / total, others: Math.max(0, 1 - idle / total - ours),
    };
  };
}

/** Milliseconds of all processors: [idle, total]. */
function machineTimes() {
  const all = os.cpus().map(({ times }) => times);
  const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
  return [sum(all.map(({ idle }) => idle)), sum(all.flatMap((times) => Object.values(times)))];
}
