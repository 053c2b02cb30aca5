// Runs replicas in one process for many-replicas.mjs: the whole service for each, except that it does not listen.
import { randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";
import { now } from "./replicas.mjs";

/** The folder of the built server. */
const folder = pathToFileURL(process.argv[2]);
const [{ buildApp }, { loadConfig }] =
  await Promise.all(["app.js", "config/load.js"].map((name) => import(new URL(name, folder))));
const { DATABASE_URL, REDIS_URL, AUTHFLOW_KEY_ENCRYPTION_KEY } = process.env;
const config = loadConfig({ DATABASE_URL, REDIS_URL, AUTHFLOW_KEY_ENCRYPTION_KEY, PORT: "8080" });
const DAY = 86_400_000;
const apps = [];
/** By `jti`: when each replica knew it. */
let arrivals = new Map();

async function start() {
  const app = await buildApp(config, { logStream: { write: report } });
  app.logFollower.listen({ applied: (entries) => {
    for (const { value } of entries) arrivals.set(value, [...arrivals.get(value) ?? [], now()]);
  } });
  await app.ready();
  apps.push(app);
}

function report(line) {
  if (JSON.parse(line).level >= 40) console.error(line.trim());
}

const ACTIONS = {
  async start({ count }) {
    while (apps.length < count) await start();
    return {};
  },
  async logOut({ which }) {
    const [jti, begin] = [randomUUID(), now()];
    await apps[which % apps.length].revocations.revokeIssued({ jti, expiresAt: Date.now() + DAY });
    const at = now();
    return { jti, at, took: at - begin };
  },
  async delays({ answered }) {
    const delays = answered.flatMap(([jti, at]) =>
      (arrivals.get(jti) ?? []).map((arrival) => Math.max(0, arrival - at)));
    arrivals = new Map();
    return { delays };
  },
};

process.on("message", async ({ id, action, ...options }) => {
  const answer = await ACTIONS[action](options).catch((error) => ({ error: error.stack }));
  process.send({ id, ...answer });
});
process.on("SIGTERM", () => { process.exit(); }); // all at once, and their database with them
