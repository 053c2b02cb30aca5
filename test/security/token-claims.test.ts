import t from "../support/tap.js";
import { someClaims, testApp } from "../support/app.js";

const app = await testApp(t);
const second = Math.floor(Date.now() / 1000);

await t.test("a token of our own signature lives, also with more claims and another typ", async (t) => {
  t.equal((await app.userinfo(await app.sign(someClaims()))).status, 200);
  const more = someClaims({ nbf: second - 10, aud: "api", roles: [] });
  t.equal((await app.userinfo(await app.sign(more, "at+jwt"))).status, 200);
});

await t.test("a token may live for AUTHFLOW_TOKEN_TTL_MAX, and its issuer's clock be some minutes ahead", async (t) => {
  t.equal((await app.userinfo(await app.sign(someClaims({ iat: second, exp: second + 86_400 })))).status, 200);
  t.equal((await app.userinfo(await app.sign(someClaims({ iat: second + 240, exp: second + 300 })))).status, 200);
});

await t.test("a token of the reference service, which names no client, lives and can be revoked", async (t) => {
  const token = await app.sign(someClaims({ client_id: undefined, provider: undefined }));
  t.equal((await app.userinfo(token)).status, 200);
  t.equal((await app.logout(token)).status, 200);
  t.equal((await app.userinfo(token)).status, 401);
});

const refused: [what: string, claims: object][] = [
  ...["iss", "sub", "exp", "iat", "jti"].map((name): [string, object] => [`no ${name}`,
    { [name]: undefined }]),
  ...["sub", "jti"].flatMap((name): [string, object][] => [
    [`an empty ${name}`, { [name]: "" }], [`a number as ${name}`, { [name]: 1 }],
      [`a list as ${name}`, { [name]: ["a"] }],
  ]),
  ["another issuer", { iss: "authflow" }],
  ["an issuer that only begins with ours", { iss: "authflow-go.evil.example" }],
  ["an expired exp", { exp: second - 1 }],
  ["an exp in words", { exp: String(second + 60) }],
  ["a fractional exp", { exp: second + 60.5 }],
  ["an exp of null", { exp: null }],
  ["an exp beyond all time", { exp: 1e300 }],
  ["an exp after the year 9999", { exp: 253_402_300_800 }],
  ["an exp in milliseconds", { exp: (second + 60) * 1000 }],
  ["a life of a second more than AUTHFLOW_TOKEN_TTL_MAX", { iat: second, exp: second + 86_401 }],
  ["an iat in the future", { iat: second + 400, exp: second + 460 }],
  ["an iat before 1970", { iat: -1, exp: second + 60 }],
  ["an nbf before 1970", { nbf: -1e300 }],
  ["an iat in words", { iat: "now" }],
  ["an nbf to come", { nbf: second + 600 }],
];
for (const [what, claims] of refused) {
  await t.test(`a token of our own signature is refused with ${what}`, async (t) => {
    const token = await app.sign(someClaims(claims as Record<string, unknown>));
    t.match(await app.userinfo(token), { status: 401, body: { error: "invalid_token" } });
  });
}
