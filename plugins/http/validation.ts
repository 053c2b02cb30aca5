import { createRequire } from "node:module";
import type * as validation from "ajv";
import type { Ajv, Options } from "ajv";
import type * as formats from "ajv-formats";
import type { FastifySchemaCompiler, FastifySchemaValidationError } from "fastify";

const require = createRequire(import.meta.url);
const STRICT: Options = {
  coerceTypes: false,
  removeAdditional: false,
  useDefaults: true,
  allErrors: false,
  strict: false,
  verbose: true,
};

/**
 * Validation that changes nothing in a JSON body; only query strings and path parameters, which are all text, are
 * coerced. `schemas` are the shared ones, by $id. Ajv is loaded, and a schema compiled, by the first request that needs
 * it: compiling every schema would take a third of the start.
 */
export function buildValidator(schemas: unknown): FastifySchemaCompiler<unknown> {
  const compilers = new Map<string, Ajv>();
  const compiler = (part: string): Ajv => {
    const known = compilers.get(part);
    if (known !== undefined) return known;
    const { Ajv } = require("ajv") as typeof validation;
    const addFormats = require("ajv-formats") as typeof formats.default;
    const ajv = new Ajv(part === "body" ? STRICT : { ...STRICT, coerceTypes: true });
    addFormats.default(ajv);
    for (const schema of Object.values(schemas as object)) ajv.addSchema(schema as object);
    compilers.set(part, ajv);
    return ajv;
  };
  return ({ schema, httpPart }) => {
    let validate: ReturnType<Ajv["compile"]> | undefined;
    return (data: unknown) => {
      validate ??= compiler(httpPart === "body" ? "body" : "text").compile(schema as object);
      if (validate(data)) return { value: data };
      return {
        error: validate.errors?.map(explain) as unknown as Error & { validation: FastifySchemaValidationError[] },
      };
    };
  };
}

/** A field's description says what it takes; that helps more than the keyword that failed. */
function explain<E extends { keyword: string; message?: string; parentSchema?: object; data?: unknown }>(error: E): E {
  // RFC 6749 §3.1: of two values, someone else may read the other one.
  const several = Array.isArray(error.data) && error.data.length > 1 && error.data.every((one) => typeof one === "string");
  if (error.keyword === "type" && several) return { ...error, message: "must be given once" };
  const { description } = (error.parentSchema ?? {}) as { description?: string };
  const telling = ["pattern", "format", "minLength", "maxLength", "enum", "minimum", "maximum", "anyOf"].includes(
    error.keyword,
  );
  return telling && description !== undefined ? { ...error, message: `is not valid: ${description}` } : error;
}
