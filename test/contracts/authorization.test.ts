import { randomUUID } from "node:crypto";
import t from "../support/tap.js";
import type { Consent } from "../../src/authorization/consents.js";
import type { Session } from "../../src/sessions/session.js";
import { onEveryDialect } from "./dialects.js";
import { NOW } from "./samples.js";

const aSession = (changes: Partial<Session> = {}): Session => ({
  sid: randomUUID(), claims: { sub: "corp|alice", provider: "corp", name: "Zürich 🚲" },
  facts: { authTime: 1_800_000_000, acr: "2", amr: ["pwd"] },
  createdAt: NOW, idleUntil: NOW + 1000, endsAt: NOW + 2000, ...changes,
});

await onEveryDialect(t, async (t, { open }) => {
  const [one, two] = [await open(), await open()];

  await t.test("a session is found by its cookie at every replica", async (t) => {
    const session = aSession();
    await one.sessions.insert(session, "a-hash");
    t.strictSame(await two.sessions.find("a-hash"), session);
    t.equal(await two.sessions.find("another\0hash"), null);
    await one.sessions.touch(session.sid, NOW + 5000);
    t.equal((await two.sessions.find("a-hash"))?.idleUntil, NOW + 5000);
    const renewed = { ...session, facts: { authTime: 1_800_000_100 } };
    t.equal(await two.sessions.renew(renewed, "new-hash"), true);
    t.equal(await one.sessions.find("a-hash"), null, "the cookie before is worth nothing");
    t.strictSame(await one.sessions.find("new-hash"), renewed);
    t.equal(await one.sessions.renew(aSession(), "no-hash"), false, "one that has ended");
  });

  await t.test("sessions end by their subject or their sid, if they are older", async (t) => {
    const [older, newer, other] = [
      aSession({ claims: { sub: "corp|bob", provider: "corp" } }),
      aSession({ claims: { sub: "corp|bob", provider: "corp" }, createdAt: NOW + 10 }),
      aSession({ claims: { sub: "corp|carol", provider: "corp" } }),
    ];
    for (const session of [older, newer, other]) await one.sessions.insert(session, session.sid);
    await one.sessions.end({ sub: "corp|bob", before: NOW + 10 });
    const left = async () => Promise.all([older, newer, other].map(async ({ sid }) =>
      await two.sessions.find(sid) !== null));
    t.strictSame(await left(), [false, true, true]);
    await one.sessions.end({ sid: other.sid, before: NOW });
    t.strictSame(await left(), [false, true, true], "it is not older");
    await one.sessions.end({ sid: other.sid, before: NOW + 1 });
    t.strictSame(await left(), [false, true, false]);
    await one.sessions.endAll();
    t.strictSame(await left(), [false, false, false]);
  });

  await t.test("sessions that ended are swept", async (t) => {
    const [ended, live] = [aSession({ endsAt: NOW }), aSession({ endsAt: NOW + 1 })];
    for (const session of [ended, live]) await one.sessions.insert(session, session.sid);
    t.equal(await one.sessions.sweep(NOW, 10), 1);
    t.equal(await one.sessions.find(ended.sid), null);
    t.not(await one.sessions.find(live.sid), null);
  });

  await t.test("of many that use a pushed request at once, at two replicas, one does", async (t) => {
    const request = {
      uriHash: randomUUID(), clientId: "a-client", expiresAt: NOW + 1000,
      parameters: { scope: "openid", resource: ["https://a.example", "https://b.example"], state: "Zürich \"\\" },
    };
    await one.pushedRequests.insert(request);
    t.strictSame(await two.pushedRequests.find(request.uriHash), request);
    const used = await Promise.all(Array.from({ length: 20 }, (_, i) =>
      (i % 2 ? one : two).pushedRequests.use(request.uriHash)));
    t.equal(used.filter(Boolean).length, 1);
    t.equal(await one.pushedRequests.find(request.uriHash), null);
    await one.pushedRequests.insert({ ...request, uriHash: randomUUID() });
    t.equal(await one.pushedRequests.sweep(NOW + 1000, 10), 1);
  });

  await t.test("a consent is one for each subject, client and resource, and is withdrawn as a whole", async (t) => {
    const consent = { clientId: "a-client", resource: "", scopes: ["openid", "email"], grantedAt: NOW };
    const there = { ...consent, resource: "https://a.example/", scopes: ["read"] };
    const byResource = (all: Consent[]) => all.toSorted((a, b) => a.resource.length - b.resource.length);
    await one.consents.save("alice", { ...consent, scopes: [] });
    await two.consents.save("alice", consent);
    t.strictSame(await one.consents.find("alice", "a-client"), [consent]);
    await one.consents.save("alice", { ...there, scopes: ["read", "write"] });
    await two.consents.save("alice", there);
    t.strictSame(byResource(await one.consents.find("alice", "a-client")), [consent, there]);
    t.strictSame(byResource(await one.consents.ofSubject("alice")), [consent, there]);
    t.strictSame(await one.consents.find("bob", "a-client"), []);
    t.strictSame(await one.consents.find("alice", "another"), []);
    t.equal(await one.consents.delete("alice", "a-client"), true);
    t.equal(await two.consents.delete("alice", "a-client"), false);
    t.strictSame(await one.consents.ofSubject("alice"), []);
  });
});
