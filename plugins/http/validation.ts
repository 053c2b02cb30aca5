import type { Ajv, Options } from "ajv";
import type { FastifySchemaCompiler, FastifySchemaValidationError } from "fastify";
import compilers from "./compilers.cjs";
import { explained } from "./schema-faults.js";

const STRICT: Options = {
  coerceTypes: false,
  removeAdditional: false,
  useDefaults: true,
  allErrors: false,
  strict: false,
  verbose: true,
  // Ajv would compile the schema of JSON Schema first, only to check ours: longer than the first request needs for all
  // the rest. A test checks them.
  meta: false,
  validateSchema: false,
};
/** The errors of a value; undefined if it is valid. In a query or a path, texts are converted in place. */
type Validate = (value: unknown) => FastifySchemaValidationError[] | undefined;

/**
 * Validates a JSON body without converting types. Query strings and path parameters consist of text, so they are
 * converted to the type that the schema names. `schemas`: the shared schemas, by $id. The first request that needs
 * them loads Ajv and compiles its schema: compiling all schemas would take a third of the start-up time.
 */
export function schemaValidator(schemas: object): (schema: object, isBody: boolean) => Validate {
  const known = new Map<boolean, Ajv>();
  const compiler = (isBody: boolean): Ajv => {
    const made = known.get(isBody);
    if (made !== undefined) return made;
    const { Ajv } = compilers.ajv();
    const ajv = new Ajv(isBody ? STRICT : { ...STRICT, coerceTypes: true });
    compilers.formats().default(ajv);
    for (const schema of Object.values(schemas) as object[]) ajv.addSchema(schema);
    known.set(isBody, ajv);
    return ajv;
  };
  return (schema, isBody) => {
    let validate: ReturnType<Ajv["compile"]> | undefined;
    return (value) => {
      validate ??= compiler(isBody).compile(schema);
      return validate(value) ? undefined : explained(validate.errors ?? []) as FastifySchemaValidationError[];
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
