import t from "../../support/tap.js";
import { uuidv7 } from "../../../src/shared/uuid.js";

const FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

await t.test("the first 48 bits are the milliseconds (RFC 9562, appendix A.6)", async (t) => {
  t.match(uuidv7(0x017f22e279b0), /^017f22e2-79b0-7/);
  t.match(uuidv7(0), /^00000000-0000-7/);
  t.match(uuidv7(2 ** 48 - 1), /^ffffffff-ffff-7/);
});

await t.test("many of one instant differ, across several fillings of the pool", async (t) => {
  const ids = Array.from({ length: 2000 }, () => uuidv7(1_700_000_000_000));
  t.ok(ids.every((id) => FORM.test(id)));
  t.equal(new Set(ids).size, ids.length);
  const random = ids.map((id) => BigInt(`0x${id.replaceAll("-", "").slice(12)}`));
  for (let bit = 0n; bit < 80n; bit++) {
    const ones = random.filter((value) => (value >> bit) & 1n).length;
    const fixed = [62n, 63n, 76n, 77n, 78n, 79n].includes(bit);
    t.equal(ones === 0 || ones === ids.length, fixed, `bit ${bit} is ${fixed ? "fixed" : "random"}`);
  }
});

await t.test("ids of later milliseconds sort after earlier ones", async (t) => {
  const ids = Array.from({ length: 300 }, (_, i) => uuidv7(1_700_000_000_000 + i));
  t.strictSame([...ids].sort(), ids);
});
