import t from "../support/tap.js";
import { basic } from "../support/app.js";
import { Follower, jtiOf } from "../support/feed.js";
import { front, FRONTS } from "../support/front.js";
import { freePort } from "../support/ports.js";
import { startServer } from "../support/process.js";
import { sqlite } from "../support/services.js";
import { at, until } from "../e2e/support.js";

for (const name of FRONTS) {
  await t.test(`${name}, configured as documented, takes /identity away and passes everything on`, async (t) => {
    const PORT = String(await freePort());
    const origin = await front(t, name, PORT);
    if (origin === undefined) return;
    const AUTHFLOW_PUBLIC_URL = `${origin}/identity`;
    const server = await startServer(t, {
      AUTHFLOW_PUBLIC_URL, PORT, HOST: "localhost", DATABASE_URL: sqlite(t), AUTHFLOW_TRUST_PROXY: "loopback",
    });
    const service = at(AUTHFLOW_PUBLIC_URL);
    await until("it answers", async () => (await fetch(`${AUTHFLOW_PUBLIC_URL}/health/ready`)).status === 200);
    t.equal((await fetch(`${origin}/health/ready`)).status === 200, false, "not without the prefix");
    t.match((await service.ask("GET", "/")).body, { jwks_uri: `${AUTHFLOW_PUBLIC_URL}/.well-known/jwks.json` });

    for (const metadata of [`${AUTHFLOW_PUBLIC_URL}/.well-known/openid-configuration`,
      `${origin}/.well-known/oauth-authorization-server/identity`]) {
      t.match(await (await fetch(metadata)).json(), { issuer: AUTHFLOW_PUBLIC_URL }, metadata);
    }

    const client = await service.register();
    const [token, other] = [await service.token(client), await service.token(client)];
    t.ok(await service.verify(token));
    const follower = new Follower(client);
    t.equal(await follower.connect(AUTHFLOW_PUBLIC_URL), 200);
    t.teardown(() => follower.disconnect());
    await until("the stream begins", () => follower.count("current") > 0);
    t.equal((await service.logout(token)).status, 200);
    await until("the logout arrives while the stream is open", () => follower.revoked.has(jtiOf(token)));
    t.equal((await service.userinfo(token)).status, 401);
    t.equal((await service.userinfo(other)).status, 200);

    const forged = { ...basic(client), "x-forwarded-for": "203.0.113.9" };
    t.equal((await service.ask("GET", "/nowhere", forged)).status, 404);
    await until("it is in the log", () => server.output().includes("/nowhere"));
    t.notMatch(server.output(), "203.0.113.9", "the address that a client claims is not believed");
  });
}
