import t from "../support/tap.js";
import { onEveryBackend, OPERATOR, testApp } from "../support/app.js";

const TEXT_LISTS = ["providers", "subject_prefixes", "audiences", "default_audience", "claim_names"];

await onEveryBackend(t, async (t, env) => {
  const app = await testApp(t, env);
  const { client_id: id } = await app.register();
  const patch = (payload: object) => app.call("PATCH", `/clients/${id}`, { headers: OPERATOR, payload });

  for (const text of ["a\0b", "a\ud800", "a\nb", "a\u202eb"]) {
    await t.test(`a policy can't hold ${JSON.stringify(text)}, which is refused in words and not stored`, async (t) => {
      for (const name of TEXT_LISTS) {
        const answer = await patch({ policy: { [name]: [text] } });
        t.match(answer, { status: 400, body: { error: "invalid_request", error_description: /./ } }, name);
      }
      const { body } = await app.call("GET", `/clients/${id}`, { headers: OPERATOR });
      t.ok(Object.values(body.policy as object).every((value) => value === null), "nothing was stored");
    });
  }

  await t.test("no audience can hold a control character", async (t) => {
    const answer = await app.call("POST", "/mint",
      { payload: { ...await app.register(), sub: "a", audience: "a\0b" } });
    t.equal(answer.status, 400);
  });
});
