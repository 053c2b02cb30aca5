import { Ajv, type Options } from "ajv";
import addFormats from "ajv-formats";
import type { FastifySchemaValidationError } from "fastify";
import fp from "fastify-plugin";

const STRICT: Options = {
  coerceTypes: false,
  removeAdditional: false,
  useDefaults: true,
  allErrors: false,
  strict: false,
  verbose: true,
};

/** Validation that changes nothing in a JSON body; only query strings and path parameters, which are all text, are coerced. */
export default fp(async (app) => {
  const compilers = new Map<string, Ajv>();
  const compiler = (part: string): Ajv => {
    const known = compilers.get(part);
    if (known !== undefined) return known;
    const ajv = new Ajv(part === "body" ? STRICT : { ...STRICT, coerceTypes: true });
    addFormats.default(ajv);
    for (const schema of Object.values(app.getSchemas())) ajv.addSchema(schema as object);
    compilers.set(part, ajv);
    return ajv;
  };
  app.setValidatorCompiler(({ schema, httpPart }) => {
    const validate = compiler(httpPart === "body" ? "body" : "text").compile(schema);
    return (data: unknown) => {
      if (validate(data)) return { value: data };
      return {
        error: validate.errors?.map(explain) as unknown as Error & { validation: FastifySchemaValidationError[] },
      };
    };
  });
}, { name: "validation" });

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
