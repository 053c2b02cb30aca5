import t, { type Test } from "../support/tap.js";
import { decode, testApp } from "../support/app.js";
import { cli } from "../support/cli.js";
import { fakeClock } from "../support/fake-clock.js";
import { privatePostgres } from "../support/private-postgres.js";
import { startServer } from "../support/process.js";
import { sqlite } from "../support/services.js";
import { at, type Credentials, type Service, until } from "./support.js";

const HOUR = 3600;
/** Seconds by which a token's iat may differ from the right time. */
const BOUND = 300;

/** Mints until it is refused; every token that was issued on the way has to be of now. */
async function mintUntilRefused(t: Test, mint: () => Promise<{ status: number; body: Record<string, unknown> }>) {
  const ahead: number[] = [];
  await until("no token is issued", async () => {
    const { status, body } = await mint();
    if (status === 200) ahead.push((decode(body.access_token as string).iat as number) - Date.now() / 1000);
    else t.match({ status, body }, { status: 503, body: { error: "temporarily_unavailable" } });
    return status !== 200;
  });
  t.ok(ahead.every((seconds) => Math.abs(seconds) < BOUND), `${ahead.length} tokens, none of another time`);
}

async function steps(t: Test, service: Service, client: Credentials, step: (seconds: number) => void): Promise<void> {
  for (const seconds of [2 * HOUR, -2 * HOUR, 48 * HOUR, -48 * HOUR]) {
    await t.test(`by ${seconds / HOUR} h and back`, async (t) => {
      const [live, revoked] = [await service.token(client), await service.token(client)];
      step(seconds);
      await mintUntilRefused(t, () => service.mint(client));
      t.match(await service.ready(), { status: 503, body: { parts: { clock: "down" } } });
      const { status } = await service.logout(revoked); // 401: it has expired by the machine's clock
      step(0);
      await until("it is ready again", async () => (await service.ready()).status === 200);
      const { iat } = decode(await service.token(client)) as { iat: number };
      t.ok(Math.abs(iat - Date.now() / 1000) < BOUND);
      t.equal((await service.userinfo(live)).status, 200);
      t.equal((await service.userinfo(revoked)).status, status === 200 ? 401 : 200);
    });
  }
}

await t.test("a PostgreSQL whose clock steps: nothing is issued in another time", async (t) => {
  const clock = fakeClock(t);
  const postgres = clock && await privatePostgres(t, clock.env);
  if (clock === undefined || postgres === undefined) return;
  const { fastify } = await testApp(t, { DATABASE_URL: postgres.url });
  const service = at(await fastify.listen({ port: 0, host: "127.0.0.1" }));
  await steps(t, service, await service.register(), clock.step);
  clock.step(-2 * HOUR);
  t.match(await cli(["doctor"], { DATABASE_URL: postgres.url }),
    { code: 1, stdout: / FAIL {2}this machine's clock and PostgreSQL's differ by 7\d{3} s: synchronise both/ });
});

await t.test("a machine whose clock steps, on SQLite: nothing is issued in another time", async (t) => {
  const clock = fakeClock(t);
  if (clock === undefined) return;
  const { url } = await startServer(t, { DATABASE_URL: sqlite(t), ...clock.env });
  const service = at(url);
  await steps(t, service, await service.register(), clock.step);
});
