import type { FastifySchemaValidationError } from "fastify";
import { fieldOfClaim, remedyOfReserved, reservedClaim } from "../../src/shared/claim-names.js";
import { type AuthflowError, invalidRequest } from "../../src/shared/errors.js";
import { nearestOf } from "../../src/shared/nearest.js";

interface Schema {
  description?: string;
  examples?: unknown[];
  default?: unknown;
  enum?: unknown[];
  items?: Schema;
  properties?: Record<string, Schema>;
}
/** A value that a message may repeat, in the answer to JSON: RFC 6749 §5.2 allows no quotation marks in others. */
const SHOWN = /^[\w:. -]{1,64}$/;
/** `parentSchema`: the schema that has the keyword. */
type Fault = FastifySchemaValidationError & { data?: unknown; parentSchema?: Schema };

/** The error for input that does not match its schema; it names the field. `part`: "body", "form", "querystring", … */
export function invalidInput([first]: Fault[], part: string): AuthflowError {
  const path = first?.instancePath.split("/").slice(1) ?? [];
  return invalidRequest(first === undefined ? `${part} is not valid` : description(first, path, part));
}

function description(fault: Fault, path: string[], part: string): string {
  const { keyword, params, data, message = "is not valid", parentSchema = {} } = fault;
  const field = path.join(".");
  const member = (name: unknown): string => [...path, String(name)].join(".");
  if (part === "body" && field === "" && keyword === "type")
    return "The request body must be a JSON object, such as {}";
  // RFC 6749 §3.1: a parameter must not be repeated. Another component might read the other value.
  if (part !== "body" && keyword === "type" && Array.isArray(data)) return `${field} must be given once`;
  switch (keyword) {
    case "additionalProperties": {
      const name = String(params.additionalProperty);
      return `Unknown field ${member(name)}: ${remedyOfUnknown(name, Object.keys(parentSchema.properties ?? {}))}`;
    }
    case "required":
      return `${member(params.missingProperty)} is missing`;
    case "enum": {
      const list = /^\d+$/.test(path.at(-1) ?? "") ? path.slice(0, -1).join(".") : field;
      const isShown = part === "body" && typeof data === "string" && SHOWN.test(data);
      const what = isShown ? `${list}: "${data}" is not` : `${list} must be`;
      return `${what} one of ${(parentSchema.enum ?? []).join(", ")}`;
    }
    case "type":
      return `${field || part} must be ${kindOf(String(params.type), parentSchema)}`;
    default:
      return `${field === "" && part === "body" ? "The request body" : field || part} ${message}`;
  }
}

/** `known`: the fields there are. One of them, `claims`, has the caller's own. */
function remedyOfUnknown(name: string, known: readonly string[]): string {
  const meant = fieldOfClaim(name, known) ?? nearestOf(name, known);
  if (meant !== undefined) return `did you mean ${meant}?`;
  if (!known.includes("claims")) return "remove it or check its spelling";
  const reserved = reservedClaim(name);
  return reserved !== undefined ? remedyOfReserved(reserved, known)
    : "put claims of your own into claims, or remove it";
}

/** What a value of this type looks like, in words of people who write JSON by hand. */
function kindOf(type: string, schema: Schema): string {
  const { description: text = "", items, examples: [example = schema.default] = [] } = schema;
  const such = (value: unknown): string => (value === undefined ? "" : `, such as ${JSON.stringify(value)}`);
  switch (type) {
    case "string": return "a text, in double quotes";
    case "boolean": return "true or false, without quotes";
    case "integer": return `a whole number${/\bseconds\b/i.test(text) ? " of seconds" : ""}${such(example)}`;
    case "array": return `a list${such(example ?? [items?.enum?.[0] ?? "…"])}`;
    case "object": return `an object${such(example ?? {})}`;
    default: return type;
  }
}
