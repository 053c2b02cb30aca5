/**
 * Lone surrogates, noncharacters (which some readers drop or replace), line and paragraph separators, bidirectional
 * controls, the byte order mark, and U+FFFD. Decoders replace invalid UTF-8 by U+FFFD, so that two different inputs
 * would become the same text.
 */
const MISLEADING = "\\p{Cs}\\p{NChar}\\u061C\\u200E\\u200F\\u2028-\\u202E\\u2066-\\u2069\\uFEFF\\uFFFD";
const UNPRINTABLE = new RegExp(`[\\p{Cc}${MISLEADING}]`, "u");
const UNPRINTABLE_IN_LINES = new RegExp(`[\\0-\\x08\\v\\f\\x0E-\\x1F\\x7F-\\x9F${MISLEADING}]`, "u");

const UNPRINTABLES = new RegExp(UNPRINTABLE, "gu");

/** Whether the text has no control characters and none of the misleading ones above. */
export const isPrintable = (text: string): boolean => !UNPRINTABLE.test(text);

/** The same for a text of several lines: tabs and line ends are allowed. */
export const isPrintableText = (text: string): boolean => !UNPRINTABLE_IN_LINES.test(text);

const INVISIBLE = /[\p{M}\p{Cc}\p{Cf}\p{White_Space}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * The form that a text has for readers which ignore case, width, accents, spaces or invisible characters, such as
 * databases with an insensitive collation: two texts may be the same to one of them if their forms are equal.
 */
export function folded(text: string): string {
  if (/^[!-~]*$/.test(text)) return text.toLowerCase();
  // Lower case before upper case: ẞ becomes ß, and only that becomes SS.
  return text.normalize("NFKD").replace(INVISIBLE, "").toLowerCase().toUpperCase().toLowerCase();
}

/** Whether a reader may take the text for an empty one: it has nothing but spaces, marks and invisible characters. */
export const isBlank = (text: string): boolean => !/[!-~]/.test(text) && folded(text) === "";

/**
 * A person's name without what is not printable: controls and separators of lines become spaces, the rest goes. Names
 * in directories hold tabs, line breaks, byte order marks and direction marks.
 */
export const cleanName = (name: string): string =>
  name.replace(/[\p{Cc}\u2028\u2029]/gu, " ").replace(UNPRINTABLES, "").replace(/ {2,}/g, " ").trim();

/** The length as JSON Schema's minLength and maxLength define it: code points, not UTF-16 units. */
export const characters = (text: string): number => [...text].length;

/** A text of somebody else for the log: one line of printable characters, `most` of them. */
const oneLine = (text: string, most = 300): string => text.slice(0, most).replace(UNPRINTABLES, " ");

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Whether a text has the form of a client's id. Any other text, given as one, may be a secret in the wrong place. */
export const isUuid = (text: unknown): text is string => typeof text === "string" && UUID.test(text);

/**
 * The same without what may be a secret, a token or a code: 20 or more characters of base64url with a digit among them.
 * UUIDs stay, because providers' supports ask for them.
 */
export const withoutSecrets = (text: string, most?: number): string =>
  oneLine(text, most).replace(/[\w-]{20,}/g, (run) => (/\d/.test(run) && !UUID.test(run) ? "***" : run));
