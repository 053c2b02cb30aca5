import t from "../../support/tap.js";
import { manualClock, onEveryBackend, OPERATOR, testApp } from "../../support/app.js";

const NOBODY = "/clients/019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e";

await onEveryBackend(t, async (t, env) => {
  const { clock, advance } = manualClock();
  const app = await testApp(t, env, { clock });
  const call = (method: "GET" | "PATCH" | "DELETE" | "POST", url: string, payload?: object) =>
    app.call(method, url, { headers: OPERATOR, ...(payload && { payload }) });

  await t.test("clients are listed page by page in the order of registration", async (t) => {
    const ids: unknown[] = [];
    for (let i = 0; i < 5; i++) {
      ids.push((await app.register({ name: `client ${i}` })).client_id);
      advance(1);
    }
    const seen: unknown[] = [];
    let cursor: unknown = null;
    do {
      const { body }: { body: Record<string, unknown> } = await call("GET",
        `/clients?limit=2${cursor === null ? "" : `&cursor=${cursor as string}`}`);
      const clients = body.clients as { client_id: string }[];
      t.ok(clients.length <= 2);
      seen.push(...clients.map(({ client_id }) => client_id));
      cursor = body.next_cursor;
    } while (cursor !== null);
    t.strictSame(seen, ids);
  });

  await t.test("no read shows a secret or its hash", async (t) => {
    const client = await app.register();
    for (const url of ["/clients", `/clients/${client.client_id}`]) {
      const { text } = await call("GET", url);
      t.notMatch(text.replaceAll("client_secret_basic", ""), /secret|hash/);
    }
  });

  await t.test("a change touches only what it names, and says when it happened", async (t) => {
    const { client_id: id } = await app.register();
    const before = (await call("GET", `/clients/${id}`)).body;
    advance(5);
    t.equal((await call("PATCH", `/clients/${id}`, { policy: { max_ttl: 60, audiences: ["api"] } })).status, 200);
    const { status, body } = await call("PATCH", `/clients/${id}`, { name: "renamed", policy: { max_ttl: null } });
    t.equal(status, 200);
    t.strictSame(body, {
      ...before, name: "renamed", client_name: "renamed", policy: { ...before.policy as object, audiences: ["api"] },
        updated_at: new Date(clock()).toISOString(),
    });
    t.strictSame((await call("GET", `/clients/${id}`)).body, body);
  });

  await t.test("a disabled client mints nothing from the next request on, until it is enabled", async (t) => {
    const client = await app.register();
    const mint = () => app.call("POST", "/mint", { payload: { ...client, sub: "a" } });
    t.equal((await mint()).status, 200);
    await call("PATCH", `/clients/${client.client_id}`, { disabled: true });
    t.match(await mint(), { status: 401, body: { error: "invalid_client" } });
    await call("PATCH", `/clients/${client.client_id}`, { disabled: false });
    t.equal((await mint()).status, 200);
  });

  await t.test("a deleted client is gone for reading, minting and listing", async (t) => {
    const client = await app.register();
    t.ok(await app.mint({}, client));
    const { status, text } = await call("DELETE", `/clients/${client.client_id}`);
    t.strictSame({ status, text }, { status: 204, text: "" });
    t.equal((await app.call("POST", "/mint", { payload: { ...client, sub: "a" } })).status, 401);
    t.equal((await call("GET", `/clients/${client.client_id}`)).status, 404);
    t.equal((await call("DELETE", `/clients/${client.client_id}`)).status, 404);
    t.notMatch((await call("GET", "/clients?limit=200")).text, client.client_id);
  });

  await t.test("a rotated secret works at once, the old ones until the overlap ends", async (t) => {
    const client = await app.register();
    const rotate = async (overlap?: number) =>
      (await call("POST", `/clients/${client.client_id}/rotate-secret`, overlap === undefined ? {} : { overlap })).body;
    const works = async (secret: unknown) =>
      (await app.call("POST", "/mint", { payload: { ...client, client_secret: secret, sub: "a" } })).status === 200;
    const second = await rotate();
    t.equal(second.previous_expires_at, new Date(clock() + 86_400_000).toISOString(), "a day by default");
    const third = await rotate(10);
    t.strictSame(await Promise.all([client.client_secret, second.client_secret, third.client_secret].map(works)),
      [true, true, true]);
    advance(10);
    t.strictSame(await Promise.all([client.client_secret, second.client_secret, third.client_secret].map(works)),
      [false, false, true]);
    const fourth = await rotate(0);
    t.strictSame(await Promise.all([third.client_secret, fourth.client_secret].map(works)), [false, true]);
  });

  await t.test("of secrets rotated at once each works", async (t) => {
    const client = await app.register();
    const rotated = await Promise.all(Array.from({ length: 5 },
      () => call("POST", `/clients/${client.client_id}/rotate-secret`, {})));
    for (const { body } of rotated) {
      t.ok(await app.mint({}, { client_id: client.client_id, client_secret: body.client_secret as string }));
    }
  });
});

await t.test("what can't be done is said", async (t) => {
  const app = await testApp(t);
  const { client_id: id } = await app.register();
  type Bad = [method: "GET" | "PATCH" | "DELETE" | "POST", url: string, payload: object | undefined, status: number,
    error: string, text?: RegExp];
  const bad: Bad[] = [
    ["GET", NOBODY, undefined, 404, "not_found"],
    ["PATCH", NOBODY, { disabled: true }, 404, "not_found"],
    ["DELETE", NOBODY, undefined, 404, "not_found"],
    ["POST", `${NOBODY}/rotate-secret`, {}, 404, "not_found"],
    ["GET", "/clients/1", undefined, 400, "invalid_request", /client_id is not valid: A UUID/],
    ["GET", "/clients?limit=0", undefined, 400, "invalid_request", /limit is not valid: A whole number from 1 to 200/],
    ["GET", "/clients?limit=201", undefined, 400, "invalid_request", /limit/],
    ["GET", "/clients?limit=many", undefined, 400, "invalid_request", /limit/],
    ["GET", "/clients?cursor=1", undefined, 400, "invalid_request", /cursor/],
    ["GET", "/clients?page=1", undefined, 400, "invalid_request", /Unknown field page/],
    ["PATCH", `/clients/${id}`, {}, 400, "invalid_request"],
    ["PATCH", `/clients/${id}`, { disabled: "true" }, 400, "invalid_request", /disabled must be true or false/],
    ["PATCH", `/clients/${id}`, { client_id: id }, 400, "invalid_request", /Unknown field client_id/],
    ["PATCH", `/clients/${id}`, { policy: { max: 1 } }, 400, "invalid_request", /Unknown field policy\.max/],
    ["PATCH", `/clients/${id}`, { policy: { max_ttl: 0 } }, 400, "invalid_request", /policy\.max_ttl/],
    ...["read write", " read", "é", "a\"b", "a\\b"].map((scope): Bad =>
      ["PATCH", `/clients/${id}`, { policy: { scopes: ["read", scope] } }, 400, "invalid_request",
        /policy\.scopes must not hold ".+", which no scope can have/]),
    ["PATCH", `/clients/${id}`, { policy: { default_audience: ["\u200b"] } }, 400, "invalid_request",
      /policy\.default_audience must hold printable/],
    ["PATCH", `/clients/${id}`, { redirect_uris: ["http://evil.example/"] }, 400, "invalid_redirect_uri"],
    ["PATCH", `/clients/${id}`, { name: "a\u0000" }, 400, "invalid_request", /name/],
    ["POST", `/clients/${id}/rotate-secret`, { overlap: -1 }, 400, "invalid_request", /overlap is not valid: Seconds/],
    ["POST", `/clients/${id}/rotate-secret`, { overlap: 2_592_001 }, 400, "invalid_request", /overlap/],
    ["POST", `/clients/${id}/rotate-secret`, { overlap: 1.5 }, 400, "invalid_request", /overlap/],
  ];
  for (const [method, url, payload, status, error, text = /./] of bad) {
    await t.test(`${method} ${url.replace(id, ":id")} ${JSON.stringify(payload) ?? ""}`, async (t) => {
      const answer = await app.call(method, url, { headers: OPERATOR, ...(payload && { payload }) });
      t.match(answer, { status, body: { error, error_description: text } });
    });
  }
});
