import t, { type Test } from "../../support/tap.js";
import { type Name, sessionOfClient, subjectOfClient } from "../../../src/revocation/entry.js";
import { LogWriter } from "../../../src/revocation/log-writer.js";
import { Revocations } from "../../../src/revocation/revocations.js";
import { basic, OPERATOR, testApp } from "../../support/app.js";

/** A service whose cut-offs end something else too: `ended`. */
async function fixture(t: Test, ended: (name: Name, issuedBefore: number) => Promise<void>) {
  const app = await testApp(t);
  const { database, keys, logFollower, revocationState, outletAgreement, tokenVerifier, clock, timing, statusOf } =
    app.fastify;
  const client = await app.register();
  const revocations = new Revocations({
    writer: new LogWriter({ log: database.revocations, follower: logFollower, state: revocationState }),
    verifier: tokenVerifier, state: revocationState, agreement: outletAgreement, clock, timing, statusOf,
    longestTtl: () => keys.longestTtl, loginProviders: [], appended: () => undefined, ended,
  });
  const verify = (token: string) => tokenVerifier.verify(token);
  return { app, client, revocations, log: database.revocations, verify };
}

await t.test("what lasts beside a cut-off's tokens ends once they are refused, before the answer", async (t) => {
  const seen: { name: Name; issuedBefore: number; isRefused: boolean }[] = [];
  let token = "";
  const setting = await fixture(t, async ({ scope, value }, issuedBefore) => {
    const { status } = await setting.app.userinfo(token);
    seen.push({ name: { scope, value }, issuedBefore, isRefused: status === 401 });
  });
  const { app, client, revocations, log, verify } = setting;
  const { client_id: id } = client;
  const ways: [expected: Name, cut: () => Promise<unknown>][] = [
    [{ scope: "sid", value: "a:1" }, () => revocations.revokeAsOperator({ sid: "a:1" })],
    [sessionOfClient(id, "a:1"), () => revocations.endClientSession(id, "a:1")],
    [{ scope: "sub", value: "alice" }, () => revocations.revokeAsOperator({ sub: "alice" })],
    [subjectOfClient(id, "alice"), () => revocations.revokeAsOperator({ sub: "alice", client_id: id })],
    [{ scope: "client_id", value: id }, () => revocations.revokeClient(id)],
    [{ scope: "sub", value: "alice" }, async () => revocations.revokeEverywhere(await verify(token))],
  ];
  for (const [name, cut] of ways) {
    token = await app.mint({ sid: "a:1" }, client);
    await cut();
    const latest = Math.max(...(await log.find([name])).map(({ issuedBefore }) => issuedBefore));
    t.strictSame(seen.splice(0), [{ name, issuedBefore: latest, isRefused: true }], name.scope);
  }
  await revocations.revoke(await verify(await app.mint({}, client)));
  t.strictSame(seen, [], "a single token ends nothing else");
});

await t.test("if that fails the answer is 503, the tokens are refused, and it can be repeated", async (t) => {
  let attempts = 0;
  const { app, client, revocations } = await fixture(t, async () => {
    if (++attempts === 1) throw new Error("The database is away");
  });
  const token = await app.mint({ sid: "s-1" }, client);
  await t.rejects(revocations.revokeAsOperator({ sid: "s-1" }), { code: "temporarily_unavailable", status: 503 });
  t.equal((await app.userinfo(token)).status, 401);
  await revocations.revokeAsOperator({ sid: "s-1" });
  t.equal(attempts, 2);
});

await t.test("the feed names a session, and the client if it is of one", async (t) => {
  const app = await testApp(t);
  const client = await app.register();
  const { client_id } = client;
  for (const payload of [{ sid: "a:1" }, { sid: "b:2", client_id }, { sub: "c:3", client_id }])
    await app.call("POST", "/revocations", { headers: OPERATOR, payload });
  const { body } = await app.call("GET", "/revocations", { headers: basic(client) });
  const named = (body.issued_before as Record<string, unknown>[]).map(({ issued_before: _, exp: __, ...rest }) => rest);
  t.strictSame(named, [{ sid: "a:1" }, { sid: "b:2", issued_to: client_id }, { sub: "c:3", issued_to: client_id }]);
});
