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

/** What is wrong with a value; undefined where it is right. Of a query or path, texts become the type that is wanted. */
type Validate = (value: unknown) => FastifySchemaValidationError[] | undefined;

/**
 * Validation that changes nothing in a JSON body; only query strings and path parameters, which are all text, are
 * coerced. `schemas` are the shared ones, by $id. Ajv is loaded, and a schema compiled, by the first value that needs
 * it: compiling every schema would take a third of the start.
 */
export function schemaValidator(schemas: object): (schema: object, isBody: boolean) => Validate {
  const compilers = new Map<boolean, Ajv>();
  const compiler = (isBody: boolean): Ajv => {
    const known = compilers.get(isBody);
    if (known !== undefined) return known;
    const { Ajv } = require("ajv") as typeof validation;
    const addFormats = require("ajv-formats") as typeof formats.default;
    const ajv = new Ajv(isBody ? STRICT : { ...STRICT, coerceTypes: true });
    addFormats.default(ajv);
    for (const schema of Object.values(schemas) as object[]) ajv.addSchema(schema);
    compilers.set(isBody, ajv);
    return ajv;
  };
  return (schema, isBody) => {
    let validate: ReturnType<Ajv["compile"]> | undefined;
    return (value) => {
      validate ??= compiler(isBody).compile(schema);
      return validate(value) ? undefined : validate.errors?.map(explain) as FastifySchemaValidationError[];
    };
  };
}

/** The same in the form that Fastify asks for. */
export function buildValidator(schemas: unknown): FastifySchemaCompiler<object> {
  const validator = schemaValidator(schemas as object);
  return ({ schema, httpPart }) => {
    const validate = validator(schema, httpPart === "body");
    return (value: unknown) => {
      const errors = validate(value);
      return errors === undefined ? { value } : { error: errors as unknown as Error };
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
