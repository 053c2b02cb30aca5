import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "../support/tap.js";
import { freePort } from "../support/ports.js";
import { endedWith } from "../support/process.js";
import { registration } from "../support/registration.js";
import { serve } from "../support/serve.js";
import { type CountingProxy, countingProxy } from "./counting-proxy.js";
import { headerOf, newKey, pem, signed } from "./forged-tokens.js";
import { post } from "./post.js";
import { EXAMPLES, findVerifiers, until } from "./verifiers.js";

const STREAM = "/revocations/stream";
const JWKS = "/.well-known/jwks.json";
const key = newKey();
const server = await serve(t, { AUTHFLOW_SIGNING_KEY: pem(key) });
const { client_id = "", client_secret = "" } = await post(`${server.url}/clients`, registration());
const mint = async (): Promise<string> =>
  (await post(`${server.url}/mint`, { client_id, client_secret, sub: "alice" })).access_token ?? "";
const tokens = await Promise.all(Array.from({ length: 20 }, mint));
const [live = ""] = tokens;

const settings = ({ url }: CountingProxy) => ({
  PATH: process.env.PATH, AUTHFLOW_URL: url, AUTHFLOW_CLIENT_ID: client_id, AUTHFLOW_CLIENT_SECRET: client_secret,
});
/** Milliseconds: the examples fetch the keys for an unknown kid no sooner than this after the last time. */
const REFETCH_AFTER = 5_000;
const fetches = ({ seen }: CountingProxy): number => seen.filter((request) => request === `GET ${JWKS}`).length;

interface Service {
  get(path: string, authorization?: string): Promise<Response>;
  /** 0: it does not answer. */
  statusOf(path: string, authorization?: string): Promise<number>;
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** The example `name` as a service of its own. */
async function start(t: Test, name: string, proxy: CountingProxy, more: Record<string, string> = {}): Promise<Service> {
  const port = await freePort();
  const service: ChildProcess = spawn(process.execPath, [join(EXAMPLES, `feed/node/${name}.mjs`)], {
    env: { ...settings(proxy), PORT: String(port), ...more }, stdio: ["ignore", "inherit", "ignore"],
  });
  const get: Service["get"] = (path, authorization) =>
    fetch(`http://localhost:${port}${path}`, { headers: { ...(authorization && { authorization }) } });
  const statusOf: Service["statusOf"] = (path, authorization) =>
    get(path, authorization).then(({ status }) => status, () => 0);
  return { get, statusOf, end: endedWith(t, service) };
}

for (const name of ["express", "fastify"]) {
  await t.test(name, async (t) => {
    const proxy = await countingProxy(t, server.url);
    proxy.held = JWKS;
    const { get, statusOf, end } = await start(t, name, proxy);
    t.ok(await until(async () => await statusOf("/ready") === 200), "is ready when it is up to date");

    const answers = tokens.map((token) => get("/", `Bearer ${token}`));
    t.ok(await until(() => fetches(proxy) > 0));
    t.equal(await statusOf("/ready"), 200); // by then the requests before it have arrived as well
    proxy.held = undefined;
    for (const answer of answers) t.strictSame(await (await answer).json(), { hello: "alice" });
    t.equal(fetches(proxy), 1, "one fetch of the keys served all");
    const began = performance.now();
    const invented = tokens.map((_, i) => signed({ ...headerOf(live), kid: `invented-${i}` }, {}, key));
    for (const token of invented) t.equal(await statusOf("/", `Bearer ${token}`), 401);
    const allowed = 2 + Math.floor((performance.now() - began) / REFETCH_AFTER);
    t.ok(fetches(proxy) <= allowed, "invented keys make it fetch once at most");

    const without = await get("/");
    t.equal(without.status, 401);
    t.equal(without.headers.get("www-authenticate"), "Bearer", "RFC 6750 §3");
    const before = proxy.seen.length;
    const token = await mint();
    t.equal(await statusOf("/", `bearer ${token}`), 200);
    await post(`${server.url}/logout`, {}, token);
    t.ok(await until(async () => await statusOf("/", `Bearer ${token}`) === 401), "refuses a token after its logout");
    const refused = await get("/", `Bearer ${token}`);
    t.match(refused.headers.get("www-authenticate"), /error="invalid_token"/);
    t.match(await refused.json(), { error: "invalid_token", error_description: /revoked/ });
    t.strictSame(proxy.seen.slice(before).filter((request) => request !== `GET ${STREAM}`), [], "without a call");

    t.equal(await end("SIGTERM"), 0, "ends on SIGTERM");
  });

  await t.test(`${name}, whose feed is dead, but not closed`, async (t) => {
    const proxy = await countingProxy(t, server.url);
    const soon = { AUTHFLOW_STALE_AFTER: "0.9", AUTHFLOW_RECONNECT_WITHIN: "0.5" };
    const { get, statusOf, end } = await start(t, name, proxy, soon);
    t.ok(await until(async () => await statusOf("/", `Bearer ${live}`) === 200), "is up to date");
    proxy.held = STREAM;
    t.ok(await until(async () => await statusOf("/", `Bearer ${live}`) === 503), "answers 503 where it can't know");
    t.equal((await get("/", `Bearer ${live}`)).headers.get("retry-after"), "1");
    t.equal(await statusOf("/ready"), 503);
    t.equal(await end("SIGTERM"), 0, "ends on SIGTERM");
  });
}

/** Verifies its arguments in as many threads, says so, and prints how many were accepted. */
const AT_ONCE: Record<string, [flag: string, script: string]> = {
  Python: ["-c", `
import sys; sys.path.insert(0, "${EXAMPLES}/feed/python")
import authflow, concurrent.futures, time
while not authflow.is_fresh(): time.sleep(0.01)
with concurrent.futures.ThreadPoolExecutor(20) as threads:
  claims = threads.map(authflow.verify, sys.argv[1:])
  print("asked", flush=True)
print(len(list(claims)))`],
  Ruby: ["-e", `
$stdout.sync = true
require "${EXAMPLES}/feed/ruby/authflow"
sleep 0.01 until Authflow.fresh?
threads = ARGV.map { |token| Thread.new { Authflow.verify(token) } }
puts "asked"
puts threads.map(&:value).size`],
};

await t.test("one fetch of the keys serves all threads", async (t) => {
  const languages = Object.entries(await findVerifiers(t, "feed", Object.keys(AT_ONCE)));
  for (const [language, [program]] of languages) {
    await t.test(language, async (t) => {
      const proxy = await countingProxy(t, server.url);
      proxy.held = JWKS;
      const child = spawn(program, [...AT_ONCE[language] ?? [], ...tokens], {
        env: { ...settings(proxy), PYTHONDONTWRITEBYTECODE: "1" }, stdio: ["ignore", "pipe", "pipe"],
      });
      child.stderr.resume();
      endedWith(t, child);
      let output = "";
      child.stdout.on("data", (chunk: Buffer) => { output += chunk.toString(); });
      t.ok(await until(() => output.includes("asked") && fetches(proxy) > 0));
      await sleep(100); // for threads that would ask as well
      proxy.held = undefined;
      t.ok(await until(() => output.includes("20")), output);
      t.equal(fetches(proxy), 1);
    });
  }
});
