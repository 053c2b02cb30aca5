import t from "../../support/tap.js";
import { cleanName, folded, isBlank, isPrintable, isPrintableText } from "../../../src/shared/text.js";

const NOT_PRINTABLE: [what: string, codePoint: number][] = [
  ["NUL", 0], ["TAB", 9], ["LF", 10], ["CR", 13], ["ESC", 27], ["DEL", 127], ["NEL (C1)", 0x85], ["CSI (C1)", 0x9b],
  ["arabic letter mark", 0x61c], ["left-to-right mark", 0x200e], ["right-to-left mark", 0x200f],
    ["line separator", 0x2028],
  ["paragraph separator", 0x2029], ["left-to-right embedding", 0x202a], ["right-to-left override", 0x202e],
  ["left-to-right isolate", 0x2066], ["pop isolate", 0x2069], ["byte order mark", 0xfeff],
  ["lone high surrogate", 0xd800], ["lone low surrogate", 0xdfff],
  ["first noncharacter", 0xfdd0], ["last of its block", 0xfdef], ["U+FFFE", 0xfffe], ["U+FFFF", 0xffff],
  ["the end of another plane", 0x1fffe], ["the end of the last plane", 0x10ffff],
];
for (const [what, codePoint] of NOT_PRINTABLE) {
  const mark = String.fromCodePoint(codePoint);
  t.equal(isPrintable(mark), false, what);
  t.equal(isPrintable(`ab${mark}cd`), false, `${what} inside a text`);
}
for (const text of ["", "alice", "a b", "Zoë", "日本語", "🚲👩‍👩‍👧", "google|123", "שלום", "'\"\\<>&;--",
  "é".normalize("NFD")]) {
  t.equal(isPrintable(text), true, text);
  t.equal(isPrintableText(text), true, text);
}
for (const [what, codePoint] of NOT_PRINTABLE) {
  t.equal(isPrintableText(`a${String.fromCodePoint(codePoint)}b`), ["TAB", "LF", "CR"].includes(what), what);
}
t.equal(isPrintableText("1 Main Street\r\n\tSpringfield\n"), true, "an address of several lines");

/** Texts that some reader takes for "iss". */
const LIKE_ISS = ["ISS", "Iss", "i\u017f\u017f", "\u0130ss", "\u0131ss", "i\u00df", "i\u1e9e",
  "\uff49\uff53\uff53", "\u24d8ss",
  "\u00edss", "i\u0301ss", "i\u200bss", "\u2060iss", "iss\u00ad", "is\ufe0fs",
  "iss ", " iss", "i\u00a0ss", "iss\0", "iss\n"];
for (const text of LIKE_ISS) t.equal(folded(text), "iss", JSON.stringify(text));
for (const text of ["is", "isss", "iss1", "https://example.com/iss", "\u0456ss"]) t.not(folded(text), "iss", text);

for (const text of ["", " ", "\u200b", "\u2060\u00a0", "\u3164", "\u0301", "\ufe0f\u00ad", "\u{E0001}"])
  t.equal(isBlank(text), true, JSON.stringify(text));
for (const text of ["a", " a", "0", "é", "山", "🚲", "\u200ba", "|"]) t.equal(isBlank(text), false, JSON.stringify(text));

const NAMES: [given: string, clean: string][] = [
  ["Alice\tExample", "Alice Example"], ["Alice\r\nExample\n", "Alice Example"], ["\uFEFFAlice", "Alice"],
  ["\u202AAlice\u202C Example", "Alice Example"], ["\u200Fשלום\u200E", "שלום"], ["Ali\u2066ce", "Alice"],
  ["a\u0000b", "a b"], ["a\uD800b", "ab"], [" Alice  B. ", "Alice B."], ["\uFEFF\t", ""], ["山田　太郎", "山田　太郎"],
  ["👩‍👩‍👧 Zoë", "👩‍👩‍👧 Zoë"],
];
for (const [given, clean] of NAMES) {
  t.equal(cleanName(given), clean, JSON.stringify(given));
  t.ok(isPrintable(cleanName(given)));
}
