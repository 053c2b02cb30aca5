import { invalidRequest } from "./errors.js";

/** An object that is being read. */
interface Level {
  /** The names that it has so far, the last one of the member that is being read. */
  names: string[];
  /** The same, of an object with many: a search in a list would take quadratic time. */
  index?: Set<string>;
}
/** Undefined: an array. */
type Levels = (Level | undefined)[];

/** The most characters of a number or a path in an error message. */
const SHOWN = 64;
/** Names up to which a list is faster than a set. */
const FEW = 16;
const [QUOTE, COMMA, MINUS, BACKSLASH] = [0x22, 0x2c, 0x2d, 0x5c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Throws invalid_request if JSON readers may take a text for different values (RFC 7493 §2.2 and §2.3): if an object
 * has a name twice, or a number is not the shortest form of a double, so that JSON.parse would change it. `text` must
 * be valid JSON. One pass: the time is proportional to the length. Each mint takes it, so that it compares codes.
 */
export function checkIJson(text: string): void {
  const levels: Levels = [];
  let level: Level | undefined;
  let nameFollows = false;
  const enter = (inner: Level | undefined): void => { levels.push(level = inner); };
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      const end = endOfString(text, i);
      if (nameFollows) addName(levels, level as Level, text.slice(i + 1, end));
      nameFollows = false;
      i = end;
    } else if (code === COMMA) {
      nameFollows = level !== undefined;
    } else if (code === MINUS || isDigit(code)) {
      i = checkNumber(levels, text, i) - 1;
    } else if (code === OPEN_OBJECT) {
      enter({ names: [] });
      nameFollows = true;
    } else if (code === OPEN_LIST) {
      enter(undefined);
    } else if (code === CLOSE_OBJECT || code === CLOSE_LIST) {
      levels.pop();
      level = levels.at(-1);
      nameFollows = false;
    }
  }
}

/** The index of the string's closing quotation mark. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf("\"", start + 1); end !== -1; end = text.indexOf("\"", end + 1)) {
    let escape = end;
    while (text.charCodeAt(escape - 1) === BACKSLASH) escape--;
    if ((end - escape) % 2 === 0) return end;
  }
  return text.length;
}

/** `literal`: without its quotation marks. */
function addName(levels: Levels, level: Level, literal: string): void {
  const name = literal.includes("\\") ? JSON.parse(`"${literal}"`) as string : literal;
  const { names, index } = level;
  const isRepeated = index?.has(name) ?? names.includes(name);
  names.push(name);
  if (isRepeated) throw invalidRequest(`${path(levels)} is given twice: send it once`);
  if (index !== undefined) index.add(name);
  else if (names.length === FEW) level.index = new Set(names);
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
/** Digits and `+-.eE`. */
const isPartOfNumber = (code: number): boolean =>
  isDigit(code) || code === MINUS || code === 0x2b || code === 0x2e || code === 0x45 || code === 0x65;

/** The index behind the number. */
function checkNumber(levels: Levels, text: string, start: number): number {
  let end = start + 1;
  while (isPartOfNumber(text.charCodeAt(end))) end++;
  const literal = text.slice(start, end);
  if (!isExact(literal)) {
    throw invalidRequest(`${path(levels)} is ${literal.slice(0, SHOWN)}, a number that JSON readers would change: ` +
      "send it as text, or with at most 15 digits");
  }
  return end;
}

const path = (levels: Levels): string =>
  levels.flatMap((level) => level?.names.at(-1) ?? []).map((name) => name || "\"\"").join(".").slice(-SHOWN)
    || "The body";

/** Whether the double that a number is read as has the same value in its own shortest form. */
function isExact(literal: string): boolean {
  if (literal.length <= 15 && !/[eE]/.test(literal)) return true; // a double keeps 15 digits
  const value = Number(literal);
  return Number.isFinite(value) && decimal(literal) === decimal(String(value));
}

/** A number's sign, its digits without zeros at either end, and its exponent: equal for equal numbers. */
function decimal(literal: string): string {
  const [mantissa = "", exponent = "0"] = literal.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.replace("-", "").split(".");
  const digits = whole + fraction;
  let [first, last] = [0, digits.length];
  while (digits[first] === "0") first++;
  while (last > first && digits[last - 1] === "0") last--;
  if (first === last) return "0";
  const power = Number(exponent) - fraction.length + digits.length - last;
  return `${mantissa.startsWith("-") ? "-" : ""}${digits.slice(first, last)}e${power}`;
}
