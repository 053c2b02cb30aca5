import fc from "fast-check";
import t from "../../support/tap.js";
import { checkIJson } from "../../../src/shared/i-json.js";

/** Why a text is refused; undefined if it is not. */
function refusal(text: string): string | undefined {
  try {
    checkIJson(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The exact value of a JSON number, as a whole number times 10^-1000. */
function exactly(literal: string): bigint {
  const [, sign, whole, fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(literal) as unknown as string[];
  const digits = BigInt(`${whole}${fraction}`) * 10n ** BigInt(1000 + Number(exponent) - fraction.length);
  return sign === "-" ? -digits : digits;
}

const NUMBERS: [literal: string, isExact: boolean][] = [
  ["9007199254740993", false], ["-9007199254740993", false], ["9007199254740993.0", false], ["9007199254740992", true],
  ["9007199254740991", true], ["1152921504606846976", false], ["10000000000000000000000", true], ["1e400", false],
  ["-1e400", false], ["1e-400", false], ["0e400", true], ["-0", true], ["0.0", true], ["1.0", true], ["1.50", true],
  ["1E+2", true], ["0.1", true], ["0.1000000000000000055", false], ["0.10000000000000000", true], ["5e-324", true],
  ["4e-324", false], ["1.7976931348623157e308", true], ["3.141592653589793", true], ["3.1415926535897932", false],
  ["123456789012345", true], [`1${"0".repeat(200)}`, true], [`1${"0".repeat(200)}1`, false],
];
for (const [literal, isExact] of NUMBERS) {
  t.test(`${literal.slice(0, 30)} is ${isExact ? "kept" : "refused"}`, async (t) => {
    for (const text of [literal, `{"a":${literal}}`, `[1, ${literal} ,2]`, `{ "a" : [ {"b" :${literal}\n} ] }`])
      t.equal(refusal(text) === undefined, isExact, text);
  });
}

const digits = (most: number) =>
  fc.array(fc.constantFrom(..."0123456789"), { minLength: 1, maxLength: most }).map((all) => all.join(""));
const aNumber = fc.tuple(
  fc.constantFrom("", "-"),
  digits(25).map((text) => text.replace(/^0+(?=\d)/, "")),
  fc.option(digits(25), { nil: undefined }),
  fc.option(fc.tuple(fc.constantFrom("e", "E"), fc.integer({ min: -330, max: 310 })), { nil: undefined }),
).map(([sign, whole, fraction, exponent]) =>
  `${sign}${whole}${fraction === undefined ? "" : `.${fraction}`}${exponent?.join("") ?? ""}`);

t.test("a number is refused exactly if JSON.parse changes it", async () => {
  const aDouble = fc.double({ noNaN: true, noDefaultInfinity: true }).map(String);
  fc.assert(fc.property(fc.oneof(aNumber, aDouble), (literal) => {
    const read = JSON.parse(literal) as number;
    const isKept = Number.isFinite(read) && exactly(JSON.stringify(read)) === exactly(literal);
    return (refusal(`{"a":[${literal}]}`) === undefined) === isKept;
  }), { numRuns: 2000 });
});

t.test("an object may have many names, each once", async (t) => {
  for (const count of [1, 15, 16, 17, 100]) {
    const members = Array.from({ length: count }, (_, i) => `"a${i}":1`).join(",");
    t.equal(refusal(`{"b":{${members}}}`), undefined, `${count}`);
    for (const again of [0, count - 1])
      t.equal(refusal(`{"b":{${members},"a${again}":1}}`), `b.a${again} is given twice: send it once`, `${count}`);
  }
});

t.test("what JSON.stringify writes is never refused", async () => {
  fc.assert(fc.property(fc.jsonValue(), fc.constantFrom("", " ", "\t", "\n\r "), (value, space) =>
    refusal(JSON.stringify(value, null, space)) === undefined), { numRuns: 1000 });
});

/** A name as a JSON string, with some characters as escapes. */
const aCharacter = fc.tuple(fc.constantFrom(..."ab\"\\{[,:1é\u{1F6B2}"), fc.boolean());
const aName = fc.array(aCharacter, { maxLength: 3 }).map((all) => {
  const name = all.map(([character]) => character).join("");
  const escaped = ([character, isEscaped]: [string, boolean]) => isEscaped
    ? [...Array(character.length).keys()]
      .map((i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`).join("")
    : JSON.stringify(character).slice(1, -1);
  return { name, literal: `"${all.map(escaped).join("")}"` };
});

t.test("an object is refused exactly if it has a name twice, however it is written, wherever it stands", async () => {
  fc.assert(fc.property(fc.array(aName, { maxLength: 4 }), fc.array(aName, { maxLength: 3 }), fc.boolean(),
    (names, around, inList) => {
      const values = ["1", "\"a\"", "[{\"a\":1},{\"a\":1}]", "{}"];
      const member = (literal: string, i: number) => `${literal} :${values[i % 4]}`;
      const object = `{${names.map(({ literal }, i) => member(literal, i)).join(" , ")}}`;
      const text = around.reduce((inner, { literal }) => `{${literal}: ${inner}}`, inList ? `[{},${object}]` : object);
      JSON.parse(text);
      const isTwice = new Set(names.map(({ name }) => name)).size < names.length;
      return (refusal(text) !== undefined) === isTwice;
    }), { numRuns: 2000 });
});

t.test("a refusal names the member and the remedy", async (t) => {
  t.equal(refusal("{\"claims\":{\"org\":{\"id\":9007199254740993}}}"),
    "claims.org.id is 9007199254740993, a number that JSON readers would change: send it as text, or with at most 15 " +
      "digits");
  t.equal(refusal("{\"claims\":{\"roles\":[],\"r\\u006fles\":[]}}"), "claims.roles is given twice: send it once");
});

t.test("the time grows with the length, not faster", async (t) => {
  const hostile = (n: number): string[] => [
    `"${"\\\\".repeat(n)}"`, `"${"\\\"".repeat(n)}"`, `1${"0".repeat(n)}1`, `0.${"0".repeat(n)}1`,
    `${"[".repeat(n)}${"]".repeat(n)}`,
    `${"{\"a\":".repeat(n)}1${"}".repeat(n)}`, `{${Array.from({ length: n }, (_, i) => `"a${i}":1`).join(",")}}`,
    `[${"1,".repeat(n)}1]`,
  ];
  // A quadratic check of so many characters would take minutes, and the test would time out.
  for (const text of hostile(300_000)) t.ok((refusal(text) ?? "").length < 300);
});
