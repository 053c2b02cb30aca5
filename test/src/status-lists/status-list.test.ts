import { inflateSync } from "node:zlib";
import t from "../../support/tap.js";
import { encodeList, setBit, statusListClaims } from "../../../src/status-lists/status-list.js";

await t.test("the draft's example (Token Status List §4.1 and §4.2)", async (t) => {
  const bits = new Uint8Array(2);
  [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1].forEach((status, index) => {
    if (status === 1) setBit(bits, index);
  });
  t.strictSame([...bits], [0xb9, 0xa3]);
  t.equal(await encodeList(bits), "eNrbuRgAAhcBXQ");
});

await t.test("setting a bit changes no other, and one beyond the end none", async (t) => {
  for (const index of [0, 7, 8, 62, 63]) {
    const bits = new Uint8Array(8);
    setBit(bits, index);
    setBit(bits, index);
    t.equal(Buffer.from(bits).readBigUInt64LE(), 1n << BigInt(index));
  }
  const bits = new Uint8Array(8);
  setBit(bits, 64);
  t.equal(bits.length, 8);
  t.ok(bits.every((byte) => byte === 0));
});

await t.test("what was encodeList comes out again", async (t) => {
  const bits = Uint8Array.from({ length: 16_384 }, (_, i) => (i * 31) % 251);
  t.strictSame(new Uint8Array(inflateSync(Buffer.from(await encodeList(bits), "base64url"))), bits);
});

await t.test("the claims are the draft's (§5.1), and not an access token's", async (t) => {
  t.strictSame(statusListClaims("https://auth.example/status-lists/1", "eNrbuRgAAhcBXQ", 1_700_000_000_999), {
    sub: "https://auth.example/status-lists/1", iat: 1_700_000_000, exp: 1_700_000_120, ttl: 30,
    status_list: { bits: 1, lst: "eNrbuRgAAhcBXQ" },
  });
});
