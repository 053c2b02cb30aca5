import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "../support/tap.js";
import { certificates } from "../support/certificates.js";
import { cli } from "../support/cli.js";
import { loadConfig } from "../../src/config/load.js";
import { privateRedis } from "../support/private-redis.js";
import { migratedSqlite, temporaryFolder } from "../support/services.js";
import type { ConfigError } from "../../src/config/config.js";
import { replica } from "./replica.js";
import { until } from "./support.js";

const doctor = async (t: Test, env: Record<string, string>) =>
  cli(["doctor"], { AUTHFLOW_PUBLIC_URL: "http://localhost:1", DATABASE_URL: await migratedSqlite(t), ...env });

await t.test("a Redis with a private authority that asks for a client certificate", async (t) => {
  const [redis, files] = [await privateRedis(t), certificates(t)];
  if (redis === undefined || files === undefined) return;
  await redis.stop();
  const { server } = files;
  const args = ["--port", "0", "--tls-port", String(redis.port), "--tls-cert-file", server.cert,
    "--tls-key-file", server.key, "--tls-ca-cert-file", files.ca];
  await redis.start(...args);
  const REDIS_URL = `rediss://127.0.0.1:${redis.port}`;
  const env = {
    REDIS_URL, AUTHFLOW_REDIS_CA_FILE: files.ca, AUTHFLOW_REDIS_CERT_FILE: files.client.cert,
    AUTHFLOW_REDIS_KEY_FILE: files.client.key,
  };
  const { service } = await replica(t, env);
  const token = await service.token(await service.register());
  t.equal((await service.logout(token)).status, 200);
  t.match(await service.ready(), { status: 200, body: { parts: { redis: "up" } } });
  t.match(await doctor(t, env), { code: 0, stdout: / {2}ok {3}Redis answers/ });
  await redis.stop();
  await redis.start(...args);
  await until("it connects again", () => service.allUp());

  const faults: [env: Record<string, string>, fault: RegExp][] = [
    [{ REDIS_URL }, /certificate.*: set AUTHFLOW_REDIS_CA/],
    [{ ...env, AUTHFLOW_REDIS_CA_FILE: files.otherCa }, /certificate.*: set AUTHFLOW_REDIS_CA/],
    [{ ...env, REDIS_URL: `rediss://localhost:${redis.port}` }, /does not match certificate's altnames/],
    [{ REDIS_URL, AUTHFLOW_REDIS_CA_FILE: files.ca }, /certificate required|ECONNRESET|EPIPE|closed/],
  ];
  for (const [env, fault] of faults) {
    const { logs, service, stop } = await replica(t, env, { waitFor: "/health/live" });
    await until(`the log says ${fault}`, () => logs.some((line) => line.includes('"level":50') && fault.test(line)));
    t.match(await service.ready(), { status: 200, body: { parts: { redis: "down" } } });
    const { code, stdout } = await doctor(t, env);
    t.equal(code, 1);
    t.match(stdout, fault);
    await stop();
  }
});

await t.test("certificates that can't be used are named by their settings", async (t) => {
  const files = certificates(t);
  if (files === undefined) return;
  const damaged = join(temporaryFolder(t), "damaged");
  writeFileSync(damaged, "-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n");
  const [cert, key] = [files.client.cert, files.client.key];
  const REDIS_URL = "rediss://h";
  const cases: [env: Record<string, string>, fault: RegExp][] = [
    [{ AUTHFLOW_REDIS_CA_FILE: files.ca, REDIS_URL: "redis://h" }, /^AUTHFLOW_REDIS_CA has no effect: begin REDIS_URL/],
    [{ AUTHFLOW_REDIS_CA_FILE: files.ca }, /^AUTHFLOW_REDIS_CA has no effect/],
    [{ REDIS_URL, AUTHFLOW_REDIS_CA: "x" }, /^AUTHFLOW_REDIS_CA must be PEM certificates$/],
    [{ REDIS_URL, AUTHFLOW_REDIS_CA_FILE: damaged }, /^AUTHFLOW_REDIS_CA can't be used: /],
    [{ REDIS_URL, AUTHFLOW_REDIS_CERT_FILE: cert }, /^AUTHFLOW_REDIS_KEY must be set, because AUTHFLOW_REDIS_CERT is$/],
    [{ REDIS_URL, AUTHFLOW_REDIS_KEY_FILE: key }, /^AUTHFLOW_REDIS_CERT must be set, because AUTHFLOW_REDIS_KEY is$/],
    [{ REDIS_URL, AUTHFLOW_REDIS_CERT_FILE: cert, AUTHFLOW_REDIS_KEY_FILE: files.server.key },
      /^AUTHFLOW_REDIS_CERT and AUTHFLOW_REDIS_KEY can't be used: .*mismatch/],
  ];
  for (const [env, fault] of cases) {
    const { faults } = t.throws(() => loadConfig(env)) as unknown as ConfigError;
    t.match(faults, [fault]);
    t.equal(faults.length, 1);
  }
  const ca = readFileSync(files.ca, "utf8");
  t.equal(loadConfig({ REDIS_URL, AUTHFLOW_REDIS_CA: ca.replaceAll("\n", "\\n") }).redisTls.ca, ca);
});
