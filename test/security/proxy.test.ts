import t from "../support/tap.js";
import { decode, testApp } from "../support/app.js";

interface Line { msg?: string; ip?: string; path?: string }
const PROXY = "10.0.0.7";

/** The address a request is logged under. */
async function addressOf(env: Record<string, string>, remoteAddress: string,
  forwarded: string): Promise<string | undefined> {
  const app = await testApp(t, env);
  await app.call("GET", "/userinfo", { remoteAddress, headers: { "x-forwarded-for": forwarded } });
  return app.logs.map((line) => JSON.parse(line) as Line).find(({ msg }) => msg === "request")?.ip;
}

const CASES: [what: string, trusted: string, from: string, forwarded: string, expected: string][] = [
  ["nobody is believed unless configured", "", PROXY, "1.2.3.4", PROXY],
  ["loopback neither", "", "127.0.0.1", "1.2.3.4", "127.0.0.1"],
  ["the configured proxy is believed", PROXY, PROXY, "1.2.3.4", "1.2.3.4"],
  ["another address is not", PROXY, "10.0.0.8", "1.2.3.4", "10.0.0.8"],
  ["the address the proxy saw counts, not what the caller wrote before it", PROXY, PROXY, "9.9.9.9, 1.2.3.4",
    "1.2.3.4"],
  ["two configured hops are passed", "10.0.0.0/8", PROXY, "9.9.9.9, 1.2.3.4, 10.1.1.1", "1.2.3.4"],
  ["loopback where it is configured", "loopback", "127.0.0.1", "1.2.3.4", "1.2.3.4"],
  ["a port beside the address, as Azure's gateway writes it, is left out", PROXY, PROXY, "1.2.3.4:50123", "1.2.3.4"],
  ["also at the hops that are passed", "10.0.0.0/8", PROXY, "9.9.9.9:1, 1.2.3.4:2 ,10.1.1.1:3", "1.2.3.4"],
  ["also of IPv6", PROXY, PROXY, "[2001:db8::1]:50123", "2001:db8::1"],
  ["brackets without a port", PROXY, PROXY, "[2001:db8::1]", "2001:db8::1"],
  ["also of IPv6 at the hops", "fd00::/8", "fd00::1", "1.2.3.4:5, [fd00::2]:50123", "1.2.3.4"],
  ["nobody is believed with a port either", "", PROXY, "1.2.3.4:50123", PROXY],
  ["what is no address stays as it is", PROXY, PROXY, "unknown:80", "unknown:80"],
  ["IPv6", "fd00::/8", "fd00::1", "2001:db8::1", "2001:db8::1"],
];
for (const [what, trusted, from, forwarded, expected] of CASES) {
  await t.test(what, async (t) => { t.equal(await addressOf({ AUTHFLOW_TRUST_PROXY: trusted }, from, forwarded),
    expected); });
}

await t.test("one address has one limit, whatever its port", async (t) => {
  const app = await testApp(t, { AUTHFLOW_TRUST_PROXY: PROXY, AUTHFLOW_RATE_LIMIT_IP: "2" });
  const ask = (address: string) => app.call("GET", "/userinfo",
    { remoteAddress: PROXY, headers: { "x-forwarded-for": address } }).then(({ status }) => status);
  t.strictSame([await ask("1.2.3.4:1"), await ask("1.2.3.4:2"), await ask("1.2.3.4:3")], [401, 401, 429]);
  t.strictSame([await ask("[2001:db8::1]:1"), await ask("[2001:db8::1]:2"), await ask("[2001:db8::2]:3")],
    [401, 401, 429], "of an IPv6 address its network of 64 bits counts");
});

await t.test("neither Host nor any X-Forwarded-* header sets the issuer or an address in an answer", async (t) => {
  const app = await testApp(t, { AUTHFLOW_TRUST_PROXY: "loopback" });
  const client = await app.register();
  const headers = { host: "evil.example", "x-forwarded-host": "evil.example", "x-forwarded-proto": "https",
    forwarded: "host=evil.example" };
  const { body, text } = await app.call("POST", "/mint", { headers, payload: { ...client, sub: "a" } });
  t.equal(decode(body.access_token as string).iss, "authflow-go");
  t.notMatch(text, /evil/);
  for (const url of ["/openapi.json", "/.well-known/jwks.json", "/docs", "/docs/", "/nowhere"]) {
    const answer = await app.call("GET", url, { headers });
    t.notMatch(answer.text + JSON.stringify(answer.headers), /evil\.example/, url);
  }
});
