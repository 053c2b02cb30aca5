import { invalidRequest } from "./errors.js";

interface Level {
  /** The names that the object has so far; undefined in an array. */
  names: Set<string> | undefined;
  /** The name of the member that is being read; undefined in an array. */
  name: string | undefined;
}

/** The most characters of a number or a path in an error message. */
const SHOWN = 64;

/**
 * Throws invalid_request if JSON readers may take a text for different values (RFC 7493 §2.2 and §2.3): if an object
 * has a name twice, or a number is not the shortest form of a double, so that JSON.parse would change it. `text` must
 * be valid JSON. One pass: the time is proportional to the length.
 */
export function checkIJson(text: string): void {
  const levels: Level[] = [];
  let nameFollows = false;
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case "{":
        levels.push({ names: new Set(), name: undefined });
        nameFollows = true;
        break;
      case "[":
        levels.push({ names: undefined, name: undefined });
        nameFollows = false;
        break;
      case "}":
      case "]":
        levels.pop();
        nameFollows = false;
        break;
      case ",":
        nameFollows = levels.at(-1)?.names !== undefined;
        break;
      case "\"": {
        const end = endOfString(text, i);
        if (nameFollows) addName(levels, text.slice(i, end));
        nameFollows = false;
        i = end - 1;
        break;
      }
      default:
        if (isDigit(text.charCodeAt(i)) || text[i] === "-") i = checkNumber(levels, text, i) - 1;
    }
  }
}

/** The index behind the string's closing quotation mark. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf("\"", start + 1); ; end = text.indexOf("\"", end + 1)) {
    if (end === -1) return text.length;
    let escape = end;
    while (text[escape - 1] === "\\") escape--;
    if ((end - escape) % 2 === 0) return end + 1;
  }
}

function addName(levels: Level[], literal: string): void {
  const level = levels.at(-1) as Level;
  const name = literal.includes("\\") ? JSON.parse(literal) as string : literal.slice(1, -1);
  level.name = name;
  if (level.names?.has(name)) throw invalidRequest(`${path(levels)} is given twice: send it once`);
  level.names?.add(name);
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** The index behind the number. */
function checkNumber(levels: Level[], text: string, start: number): number {
  let end = start + 1;
  while (isDigit(text.charCodeAt(end)) || "+-.eE".includes(text[end] ?? " ")) end++;
  const literal = text.slice(start, end);
  if (!isExact(literal)) {
    throw invalidRequest(`${path(levels)} is ${literal.slice(0, SHOWN)}, a number that JSON readers would change: ` +
      "send it as text, or with at most 15 digits");
  }
  return end;
}

const path = (levels: Level[]): string =>
  levels.flatMap(({ name }) => name ?? []).map((name) => name || "\"\"").join(".").slice(-SHOWN) || "The body";

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
