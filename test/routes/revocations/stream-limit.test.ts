import t from "../../support/tap.js";
import { until } from "../../e2e/support.js";
import { basic, type Credentials } from "../../support/app.js";
import { Follower, follow, listening } from "../../support/feed.js";

const refusal = async (url: string, credentials: Credentials) => {
  const response = await fetch(`${url}/revocations/stream`, { headers: basic(credentials) });
  const { status, headers } = response;
  return { status, retryAfter: headers.get("retry-after"), body: await response.json() as object };
};
const refused = (limit: number) => ({
  status: 429, retryAfter: "60",
  body: {
    error: "too_many_requests",
    error_description: `This client holds ${limit} streams here already: end one, or raise AUTHFLOW_STREAMS_PER_CLIENT`,
  },
});

await t.test("a client may hold as many streams as is set; one that ended frees its place", async (t) => {
  const { url, register } = await listening(t, { AUTHFLOW_STREAMS_PER_CLIENT: "2" });
  const [one, other] = [await register(), await register()];
  const [first, second] = [await follow(t, url, one), await follow(t, url, one)];
  t.match(await refusal(url, one), refused(2));
  await follow(t, url, other);
  await first.disconnect();
  const third = new Follower(one);
  t.teardown(() => third.disconnect());
  await until("its place is free", async () => await third.connect(url) === 200);
  t.match(await refusal(url, one), refused(2));
  t.ok(second.isConnected && third.isConnected, "what is open stays open");
});

await t.test("twenty are allowed unless it is set", async (t) => {
  const { url, register } = await listening(t);
  const client = await register();
  await Promise.all(Array.from({ length: 20 }, () => follow(t, url, client)));
  t.match(await refusal(url, client), refused(20));
});
