import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "../support/tap.js";
import { parse } from "yaml";
import { loadConfig } from "../../src/config/load.js";
import { SETTINGS } from "../../src/config/settings.js";
import { ROOT } from "../support/root.js";

interface Service {
  image?: string; build?: string; restart?: string; user?: string; ports?: string[]; command?: string[];
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>; healthcheck?: { test: string[] }; volumes?: string[];
  read_only?: boolean; cap_drop?: string[]; security_opt?: string[]; privileged?: boolean; network_mode?: string;
}
const text = readFileSync(join(ROOT, "docker-compose.yml"), "utf8");
interface Compose { services: Record<"authflow" | "postgres" | "redis", Service>; volumes: Record<string, null> }
const { services, volumes } = parse(text) as Compose;
const settings = Object.keys(SETTINGS.properties);

/** What Compose makes of ${NAME:-default}, which may hold another one. */
function interpolate(value: string, env: Record<string, string> = {}): string {
  const innermost = /\$\{(\w+):-([^${}]*)\}/g;
  const next = value.replace(innermost, (_all, name: string, otherwise: string) => env[name] || otherwise);
  return next === value ? value : interpolate(next, env);
}
const variables = Object.entries(services.authflow.environment ?? {});
const environment = (env: Record<string, string> = {}): Record<string, string> =>
  Object.fromEntries(variables.map(([name, value]) => [name, interpolate(value, env)]));

await t.test("a fresh clone without a .env starts: its settings are valid and lead to the neighbours", async (t) => {
  t.match(loadConfig(environment()), {
    publicUrl: "http://localhost:8080", host: "0.0.0.0", port: 8080, registration: "open",
    databaseUrl: "postgres://authflow:authflow-local-only@postgres:5432/authflow", redisUrl: "redis://redis:6379",
  });
  t.equal(interpolate(services.postgres.environment?.POSTGRES_PASSWORD ?? ""), "authflow-local-only");
});

await t.test("a .env for production reaches the service", async (t) => {
  const given = {
    AUTHFLOW_PUBLIC_URL: "https://auth.example.com", AUTHFLOW_REGISTRATION: "closed",
    AUTHFLOW_KEY_ENCRYPTION_KEY: Buffer.alloc(32).toString("base64"), AUTHFLOW_ADMIN_TOKEN: "a".repeat(32),
    POSTGRES_PASSWORD: "other",
  };
  const config = loadConfig(environment(given));
  t.match(config, { publicUrl: given.AUTHFLOW_PUBLIC_URL, registration: "closed", loopback: false });
  t.equal(config.adminToken, given.AUTHFLOW_ADMIN_TOKEN);
  const { AUTHFLOW_REGISTRATION: _, ...without } = given;
  t.throws(() => loadConfig(environment(without)), /AUTHFLOW_REGISTRATION must be token or closed on a public URL/);
  t.match(config.databaseUrl, "authflow:other@postgres");
});

await t.test("the service is given settings that exist, and all that make sense in a container", async (t) => {
  const passed = variables.map(([name]) => name);
  t.same(passed.filter((name) => !settings.includes(name)), []);
  t.same(settings.filter((name) => !passed.includes(name)), ["JWT_PRIVATE_KEY_PATH"], "a path means nothing inside");
});

await t.test("only the service is published, and only to this machine", async (t) => {
  t.same(services.authflow.ports?.map((port) => interpolate(port)), ["127.0.0.1:8080:8080"]);
  t.notOk(services.postgres.ports ?? services.redis.ports);
});

await t.test("Redis keeps every revocation", async (t) => {
  t.same(services.redis.command, ["redis-server", "--appendonly", "yes", "--maxmemory-policy", "noeviction"]);
});

await t.test("the service waits until its neighbours are healthy", async (t) => {
  const healthy = { condition: "service_healthy" };
  t.same(services.authflow.depends_on, { postgres: healthy, redis: healthy });
  for (const neighbour of [services.postgres, services.redis]) t.equal(neighbour.healthcheck?.test[0], "CMD");
});

for (const [name, service] of Object.entries(services)) {
  await t.test(`${name} has a pinned image, keeps its data, restarts, and has no rights to spare`, async (t) => {
    if (service.build === undefined) t.match(service.image, /^[a-z]+:\d+/);
    t.equal(service.restart, "unless-stopped");
    t.ok(service.volumes?.every((volume) => (volume.split(":")[0] ?? "") in volumes), "a named volume");
    t.match(service, { read_only: true, cap_drop: ["ALL"], security_opt: ["no-new-privileges:true"] });
    t.notOk(service.privileged ?? service.network_mode);
  });
}
