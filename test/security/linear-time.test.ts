import t from "../support/tap.js";
import { basic, type Sent, testApp } from "../support/app.js";

/** Below the 16 KiB that Node allows for all headers. */
const LENGTH = 15_000;
/** What parsers and patterns look for. */
const SEPARATORS = ["?", "&", "=", "/", "#", ";", ",", ":", "@", "%", "%20", "%E0", "\"", "\\", "(", "[", "<", " ",
  "\t", ".", "..", "../", "-", "+", "*", "client_id=", "a=1&", "; ", "=;", ", ", "q=0,", ";q=", "http://", "1.",
  "[::1]:1,"];
const URLS = ["/auth?", "/auth/google?state=", "/auth/google/callback?", "/docs/", "/status-lists/", "/", "/userinfo?"];
const HEADERS = ["accept", "cookie", "authorization", "content-type", "host", "origin", "if-none-match",
  "x-forwarded-for", "last-event-id"];
const SCHEMES = ["", "Basic ", "Bearer "];

interface Request { name: string; method: "GET" | "POST"; url: string; sent: Sent }

const app = await testApp(t, {
  AUTHFLOW_TRUST_PROXY: "loopback", GOOGLE_CLIENT_ID: "an-id", GOOGLE_CLIENT_SECRET: "a-secret",
});
const client = await app.register();
const JSON_TYPE = { "content-type": "application/json" };
const HTML = { accept: "text/html" };

/** The requests that hold `filling` wherever a caller can put something. */
function requests(filling: string): Request[] {
  const inUrl = encodeURI(filling).replaceAll("%25", "%").replaceAll("#", "%23").slice(0, LENGTH);
  const form = { ...basic(client), "content-type": "application/x-www-form-urlencoded" };
  const text = JSON.stringify(filling);
  const body = (name: string, url: string, payload: string, headers: Record<string, string>): Request =>
    ({ name: `${name} ${url}`, method: "POST", url, sent: { headers, payload } });
  return [
    ...URLS.map((url): Request => ({ name: url, method: "GET", url: url + inUrl, sent: { headers: HTML } })),
    ...HEADERS.flatMap((header) => SCHEMES.flatMap((scheme) => [
      { name: `GET ${header}`, method: "GET" as const, url: "/auth",
        sent: { headers: { ...HTML, [header]: scheme + filling } } },
      { name: `POST ${header}`, method: "POST" as const, url: "/mint",
        sent: { headers: { ...JSON_TYPE, [header]: scheme + filling }, payload: "{}" } },
      { name: `userinfo ${header}`, method: "GET" as const, url: "/userinfo",
        sent: { headers: { [header]: scheme + filling } } },
    ])),
    body("sub", "/mint", `{"sub":${text}}`, { ...basic(client), ...JSON_TYPE }),
    body("claim", "/mint", `{"sub":"a","claims":{${text}:${text}}}`, { ...basic(client), ...JSON_TYPE }),
    body("redirect_uri", "/clients", `{"name":${text},"redirect_uri":${text}}`, JSON_TYPE),
    body("field", "/clients", `{${text}:1}`, JSON_TYPE),
    body("raw", "/mint", filling, JSON_TYPE),
    body("form", "/token", filling, form),
    body("token", "/introspect", `token=${filling}`, form),
    body("token to revoke", "/revoke", `token=${filling}`, form),
    body("refresh token", "/token", `grant_type=refresh_token&refresh_token=${filling}`, form),
    body("answer", "/auth/google/callback", filling, form),
  ];
}

/** Milliseconds of the fastest of some attempts, as long as it takes more than `enough`. */
async function fastest({ method, url, sent }: Request, enough = 0): Promise<number> {
  let best = Infinity;
  for (let attempt = 0; attempt < 8 && best > enough; attempt++) {
    const start = performance.now();
    await app.fastify.inject({ method, url, ...sent });
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

await t.test("no request takes much longer than one of the same length without separators", async (t) => {
  const plain = requests("a".repeat(LENGTH));
  const usual: number[] = [];
  for (const request of plain) usual.push(await fastest(request));
  const slow: string[] = [];
  for (const separator of SEPARATORS) {
    const filling = separator.repeat(Math.floor(LENGTH / separator.length));
    for (const [index, request] of requests(filling).entries()) {
      const linear = 20 * Math.max(usual[index] ?? 0, 1); // a quadratic pattern takes hundreds of times as long
      const time = await fastest(request, linear);
      if (time > linear) slow.push(`${request.name} full of ${separator}: ${time} ms instead of ${usual[index]} ms`);
    }
  }
  t.strictSame(slow, []);
});
