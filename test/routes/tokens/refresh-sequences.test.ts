import fc from "fast-check";
import t from "../../support/tap.js";
import { issuedAtMs } from "../../../src/tokens/issued-at.js";
import {
  basic, bearer, type Credentials, decode, manualClock, onEveryBackend, OPERATOR, testApp,
} from "../../support/app.js";
import { lastingMint, postForm, refresh, tokensOf } from "../../support/refresh.js";

/** Seconds. */
const RETRY = 10;
const SUBJECTS = 2;
/** Few, so that several steps meet one of them. */
const LOGINS = 3;
const WIDTH = 6;

/** What the service should know about one login. */
interface Login {
  client: Credentials;
  sub: string;
  sid: string;
  createdAt: number;
  /** The newest refresh token, and those before it, the last one with its answer and when that was given. */
  current: string;
  previous: { token: string; text: string; at: number } | undefined;
  older: string[];
  access: string[];
  isOver: boolean;
}

const USES = ["start", "start in the same session", "refresh", "refresh at once", "wait and retry", "wait"] as const;
const ENDINGS = [
  "reuse", "another client", "log out", "revoke the refresh token", "end the session", "cut off the subject",
] as const;
const aStep = fc.record({
  step: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...USES) },
    { weight: 1, arbitrary: fc.constantFrom(...ENDINGS) },
  ),
  which: fc.nat(20),
  seconds: fc.integer({ min: 0, max: 2 * RETRY }),
});
type Step = typeof USES[number] | typeof ENDINGS[number];

await onEveryBackend(t, async (t, env) => {
  const { clock, advance } = manualClock();
  const overrides = { clock, timing: { cutoffWait: 0 } };
  const [one, two] = [await testApp(t, env, overrides), await testApp(t, env, overrides)];
  const clients = [await one.register(), await one.register()] as const;
  let names = 0;

  /** Runs the steps against two replicas and the model. Throws where they differ. */
  async function check(steps: { step: Step; which: number; seconds: number }[]): Promise<void> {
    const prefix = `user-${++names}`;
    const logins: Login[] = [];
    /** Access tokens that a cut-off covers. */
    const revoked = new Set<string>();
    const expectThat = (isSo: boolean, what: string): void => { if (!isSo) throw new Error(what); };
    const start = async (which: number, sid?: string): Promise<void> => {
      const [client, sub] = [clients[which % 2] as Credentials, `${prefix}-${which % SUBJECTS}`];
      const { access, refresh: current } = await lastingMint(one, client, { sub, ...(sid !== undefined && { sid }) });
      const claims = decode(access) as { sid: string; jti: string; iat: number };
      logins.push({
        client, sub, sid: claims.sid, createdAt: issuedAtMs(claims), current, previous: undefined, older: [],
        access: [access], isOver: false,
      });
    };
    const cutOff = (covers: (login: Login) => boolean): void => {
      for (const login of logins.filter(covers)) {
        login.isOver = true;
        for (const token of login.access) revoked.add(token);
      }
      advance(1); // it also covers what is issued in the next quarter of a second
    };
    const isSamePart = (a: Login) => (b: Login) => a.client === b.client && a.sid === b.sid;

    for (const [index, { step, which, seconds }] of steps.entries()) {
      const at = `step ${index}, ${step}`;
      if (step.startsWith("start") && logins.length === LOGINS) logins.shift();
      const login = logins[which % Math.max(1, logins.length)];
      if (login === undefined) { await start(which); continue; }
      const replica = which % 2 === 0 ? one : two;
      const expectRefused = async (token: string): Promise<void> => {
        const { status, body } = await refresh(replica, login.client, token);
        expectThat(status === 400 && body.error === "invalid_grant", `${at}: answered ${status}`);
      };
      const expectReuse = async (token: string): Promise<void> => {
        await expectRefused(token);
        if (!login.isOver) cutOff(isSamePart(login));
      };
      switch (step) {
        case "start": await start(which); break;
        case "start in the same session": await start(clients.indexOf(login.client), login.sid); break;
        case "refresh": case "refresh at once": {
          if (login.isOver) { await expectRefused(login.current); break; }
          const answers = await Promise.all(Array.from({ length: step === "refresh" ? 1 : WIDTH }, (_, i) =>
            refresh(i % 2 === 0 ? one : two, login.client, login.current)));
          const [text = ""] = answers.map((answer) => answer.text);
          expectThat(answers.every((answer) => answer.status === 200 && answer.text === text), `${at}: differ`);
          const next = tokensOf(answers[0] as typeof answers[number]);
          if (login.previous !== undefined) login.older.push(login.previous.token);
          login.previous = { token: login.current, text, at: clock() };
          login.current = next.refresh;
          login.access.push(next.access);
          break;
        }
        case "wait and retry": {
          advance(seconds);
          if (login.previous === undefined) break;
          const { token, text, at: answeredAt } = login.previous;
          if (login.isOver) { await expectRefused(token); break; }
          if (clock() >= answeredAt + RETRY * 1000) { await expectReuse(token); break; }
          const answer = await refresh(replica, login.client, token);
          expectThat(answer.text === text, `${at}: another answer`);
          break;
        }
        case "reuse": {
          const token = login.older[which % Math.max(1, login.older.length)];
          if (token !== undefined) await expectReuse(token);
          break;
        }
        case "another client": {
          const stranger = clients.find((client) => client !== login.client) as Credentials;
          expectThat((await refresh(replica, stranger, login.current)).status === 400, at);
          break;
        }
        case "log out": {
          const token = login.access.find((each) => !revoked.has(each));
          if (token === undefined) break;
          expectThat((await replica.logout(token)).status === 200, at);
          revoked.add(token);
          const issuedAt = issuedAtMs(decode(token) as { jti: string; iat: number });
          for (const each of logins.filter(isSamePart(login))) if (each.createdAt <= issuedAt) each.isOver = true;
          break;
        }
        case "revoke the refresh token": {
          const form = { token: login.current };
          expectThat((await postForm(replica, "/revoke", form, basic(login.client))).status === 200, at);
          if (!login.isOver) cutOff(isSamePart(login));
          break;
        }
        case "end the session": {
          const token = login.access.find((each) => !revoked.has(each));
          if (token === undefined) break;
          const payload = { session: true };
          expectThat((await replica.call("POST", "/logout", { headers: bearer(token), payload })).status === 200, at);
          cutOff(({ sid }) => sid === login.sid);
          break;
        }
        case "cut off the subject": {
          const payload = { sub: login.sub };
          expectThat((await replica.call("POST", "/revocations", { headers: OPERATOR, payload })).status === 200, at);
          cutOff(({ sub }) => sub === login.sub);
          break;
        }
        case "wait": advance(seconds); break;
      }
      for (const each of logins) {
        const token = each.access.at(-1) ?? "";
        expectThat((await two.userinfo(token)).status === (revoked.has(token) ? 401 : 200), `${at}: an access token`);
      }
    }
    for (const each of logins) {
      const { status } = await refresh(one, each.client, each.current);
      expectThat(status === (each.isOver ? 400 : 200), `in the end: ${status} where isOver is ${each.isOver}`);
      each.current = "";
    }
  }

  await t.test("whatever happens in whatever order, it happens as the model says", async (t) => {
    await fc.assert(fc.asyncProperty(fc.array(aStep, { minLength: 20, maxLength: 40 }), check), { numRuns: 25 });
    t.pass();
  });
});
