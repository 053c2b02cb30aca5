import type { Test } from "tap";
import t from "../../support/tap.js";
import { until } from "../../e2e/support.js";
import { basic, bearer, type Credentials, decode } from "../../support/app.js";
import { authorizeFixture, type AuthorizeFixture } from "../../support/authorize.js";
import { type Link, link } from "../../support/link.js";
import { delivered } from "../../support/login.js";
import { answerAt } from "../../support/openid.js";
import { postForm, refresh } from "../../support/refresh.js";
import { migratedPostgres } from "../../support/services.js";
import { UserAgent } from "../../support/user-agent.js";

const AWAY = { status: 503, body: { error: "temporarily_unavailable", request_id: String },
  headers: { "cache-control": "no-store" } };

t.jobs = 2; // one waits for a time-out

/** The service, whose database is behind a link. Its clock stands: what it has in memory stays fresh. */
async function behindLink(t: Test): Promise<AuthorizeFixture & { database: Link } | undefined> {
  const url = await migratedPostgres(t);
  if (url === undefined) return undefined;
  const database = await link(t, Number(new URL(url).port || 5432));
  const through = new URL(url);
  through.host = `127.0.0.1:${database.port}`;
  const now = Date.now();
  return { ...await authorizeFixture(t, { DATABASE_URL: through.href }, { clock: () => now }), database };
}

for (const [what, fail] of [
  ["away", (database) => { database.cut(); }],
  ["silent", (database) => { database.hush(); }],
] as [string, (database: Link) => void][]) {
  void t.test(`while the database is ${what}, a login and its tokens wait, and nothing is lost`, async (t) => {
    const fixture = await behindLink(t);
    if (fixture === undefined) return;
    const { app, client, authorize, authorizeUrl, redeem, database } = fixture;
    const agent = new UserAgent(app);
    const { body } = await redeem(await authorize("alice", {}, agent));
    const pending = await agent.open(authorizeUrl());
    const inFlight = new UserAgent(app);
    const started = await inFlight.once(new URL(authorizeUrl({ scope: "openid" })));
    const callback = await answerAt(started.headers.get("location") as string, "bob");
    const unseen: Credentials = await app.register(); // in no cache

    fail(database);
    const asked = delivered(await agent.open(authorizeUrl()));
    t.match(asked, { error: "temporarily_unavailable", error_description: /try again/i, state: "xyz",
      iss: "http://localhost:8080" }, "the application is known: it gets the error");
    const page = await agent.open(authorizeUrl({}, unseen));
    t.match(page, { status: 503, text: /<h1>Temporarily unavailable/ });
    t.match(page.text, /Try again/, "nobody knows whether that address is the application's: no redirect");
    const program = new URL(authorizeUrl({}, unseen));
    const accept = "application/json";
    t.match(await app.call("GET", program.pathname + program.search, { headers: { accept } }), AWAY);
    t.match(await redeem(pending), AWAY);
    t.match(await refresh(app, client, body.refresh_token as string), AWAY);
    t.match(await postForm(app, "/token", { grant_type: "client_credentials" }, basic(unseen)), AWAY);
    t.match(await postForm(app, "/par", { response_type: "code" }, basic(unseen)), AWAY);
    t.match(await postForm(app, "/revoke", { token: body.refresh_token as string }, basic(client)), AWAY);
    t.match(await postForm(app, "/introspect", { token: body.refresh_token as string }, basic(client)), AWAY);
    t.match(await app.call("GET", "/consents", { headers: bearer(body.access_token as string) }), AWAY);
    const back = await inFlight.open(callback);
    t.match([back.status, back.url.hostname], [503, "localhost"], "the person may try again, at this very address");

    database.heal();
    await until("it is used again", async () => (await app.call("GET", "/health/ready")).status === 200);
    t.equal((await redeem(pending)).status, 200, "the code was not used up");
    const next = await refresh(app, client, body.refresh_token as string);
    t.equal(next.status, 200, "nor the refresh token");
    t.equal(decode(next.body.access_token as string).sid, decode(body.access_token as string).sid);
    t.match(delivered(await agent.open(authorizeUrl({ prompt: "none" }))), { code: String }, "the session is there");
    t.equal((await redeem(await inFlight.open(callback))).status, 200, "the login goes on where it was");
  });
}
