import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import t from "../../support/tap.js";
import { UpstreamError } from "../../../src/providers/upstream.js";
import { KeySet } from "../../../src/upstream/keys.js";
import { manualClock } from "../../support/app.js";

interface Key { jwk: JWK; sign(header?: object): Promise<string> }

async function newKey(kid?: string, alg = "RS256"): Promise<Key> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return {
    jwk: { ...await exportJWK(publicKey), ...(kid !== undefined && { kid }) },
    sign: (header = {}) =>
      new SignJWT({ by: kid }).setProtectedHeader({ alg, ...(kid !== undefined && { kid }), ...header })
        .sign(privateKey),
  };
}
const [first, second, third] = [await newKey("first"), await newKey("second"), await newKey("third")];

/** A key set whose provider publishes `published`, or fails while it is undefined. */
function keySet(...published: unknown[]) {
  const { clock, advance } = manualClock();
  const provider = { published: published as unknown[] | undefined, fetches: 0 };
  const subject = new KeySet(async () => {
    provider.fetches += 1;
    if (provider.published === undefined) throw new UpstreamError("unreachable", "the key set is away");
    return { keys: provider.published };
  }, clock);
  return { provider, subject, advance };
}
const UNKNOWN = { code: "ERR_JWKS_NO_MATCHING_KEY" };
const WRONG = { code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" };

await t.test("a new key counts at once, also right after the last fetch", async (t) => {
  const { provider, subject } = keySet(first.jwk);
  await subject.verify(await first.sign());
  for (const key of [second, third]) {
    provider.published = [key.jwk];
    t.match(await subject.verify(await key.sign()), new RegExp(String(key.jwk.kid)));
  }
  t.equal(provider.fetches, 3);
  await t.rejects(subject.verify(await first.sign()), UNKNOWN, "and the old one does not any more");
});

await t.test("so it does for tokens without kid, and under the kid of the old key", async (t) => {
  for (const [old, next] of [[await newKey(), await newKey()], [first, await newKey("first")]] as const) {
    const { provider, subject } = keySet(old.jwk);
    await subject.verify(await old.sign());
    provider.published = [next.jwk];
    await subject.verify(await next.sign());
    t.equal(provider.fetches, 2);
    await t.rejects(subject.verify(await old.sign()), WRONG);
  }
});

await t.test("of keys that share a kid, or tokens without one, each is tried", async (t) => {
  const twin = await newKey("first");
  const { provider, subject } = keySet({ ...first.jwk, n: "!" }, twin.jwk, first.jwk, second.jwk);
  await subject.verify(await first.sign());
  await subject.verify(await twin.sign());
  await subject.verify(await second.sign({ kid: undefined }));
  t.equal(provider.fetches, 1);
});

await t.test("keys that can't be understood do not disturb the others", async () => {
  const { subject } = keySet("a key", 1, [first.jwk], { kty: "unknown" }, {}, { ...second.jwk, kty: "EC" }, first.jwk);
  await subject.verify(await first.sign());
});

await t.test("tokens with invented kids cause few fetches, and known keys serve meanwhile", async (t) => {
  const { provider, subject, advance } = keySet(first.jwk);
  for (let i = 0; i < 50; i++) await t.rejects(subject.verify(await second.sign({ kid: `kid-${i}` })), UNKNOWN);
  t.equal(provider.fetches, 6, "one, and five because of an unknown kid");
  await subject.verify(await first.sign());
  provider.published = [first.jwk, second.jwk];
  advance(10);
  await subject.verify(await second.sign());
  t.equal(provider.fetches, 7, "after some seconds a new key is found again");
});

await t.test("many who ask at once share a fetch", async (t) => {
  const { provider, subject } = keySet(first.jwk);
  const [one, other] = [await first.sign(), await second.sign()];
  await Promise.all(Array.from({ length: 20 }, () => subject.verify(one)));
  t.equal(provider.fetches, 1);
  provider.published = [second.jwk];
  await Promise.all(Array.from({ length: 20 }, () => subject.verify(other)));
  t.equal(provider.fetches, 2);
});

await t.test("keys are fetched again after ten minutes; while that fails, the last ones serve", async (t) => {
  const { provider, subject, advance } = keySet(first.jwk);
  await subject.verify(await first.sign());
  advance(599);
  await subject.verify(await first.sign());
  t.equal(provider.fetches, 1);
  provider.published = undefined;
  advance(3600);
  for (let i = 0; i < 3; i++) await subject.verify(await first.sign());
  t.equal(provider.fetches, 2, "a provider that is away is left alone for a while");
  await t.rejects(subject.verify(await second.sign()), { message: "the key set is away" });
  provider.published = [second.jwk];
  advance(30);
  await t.rejects(subject.verify(await first.sign()), UNKNOWN, "a key that was withdrawn ends when it is back");
});

await t.test("what is no key set is refused, and replaces none", async (t) => {
  const { clock, advance } = manualClock();
  let document: unknown = { keys: [first.jwk] };
  const subject = new KeySet(async () => document, clock);
  await subject.verify(await first.sign());
  for (document of [undefined, [], "keys", {}, { keys: {} }]) {
    advance(3600);
    await subject.verify(await first.sign());
    const unused = new KeySet(async () => document, clock);
    await t.rejects(unused.verify(await first.sign()), { message: /did not answer with a key set/ });
  }
});
