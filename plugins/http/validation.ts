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
/** For these the error message is the field's description. */
const DESCRIBED_KEYWORDS = new Set([
  "pattern", "format", "minLength", "maxLength", "enum", "minimum", "maximum", "anyOf",
]);

/** The errors of a value; undefined if it is valid. In a query or a path, texts are converted in place. */
type Validate = (value: unknown) => FastifySchemaValidationError[] | undefined;

/**
 * Validates a JSON body without converting types. Query strings and path parameters consist of text, so they are
 * converted to the type that the schema names. `schemas`: the shared schemas, by $id. The first request that needs
 * them loads Ajv and compiles its schema: compiling all schemas would take a third of the start-up time.
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

/** A field's description says which values are valid. That helps more than the name of the keyword that failed. */
function explain<E extends { keyword: string; message?: string; parentSchema?: object; data?: unknown }>(error: E): E {
  const { keyword, data } = error;
  // RFC 6749 §3.1: a parameter must not be repeated. Another component might read the other value.
  const repeated = Array.isArray(data) && data.length > 1 && data.every((one) => typeof one === "string");
  if (keyword === "type" && repeated) return { ...error, message: "must be given once" };
  const { description } = (error.parentSchema ?? {}) as { description?: string };
  return description !== undefined && DESCRIBED_KEYWORDS.has(keyword)
    ? { ...error, message: `is not valid: ${description}` }
    : error;
}
