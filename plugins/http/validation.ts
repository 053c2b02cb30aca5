import type { Ajv, Options } from "ajv";
import type { FastifySchemaCompiler, FastifySchemaValidationError } from "fastify";
import compilers from "./compilers.cjs";

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

/** What is used of Ajv's errors. `parentSchema`: the schema that has the keyword. */
interface Fault { keyword: string; instancePath: string; message?: string; parentSchema?: object }

/**
 * The errors, the real fault first. Of a union, which comes last, that is the fault of the alternative that has the
 * value's type: the others only say that theirs is another. If no alternative has it, the union is the fault.
 */
function explained<E extends Fault>(errors: readonly E[]): E[] {
  const union = errors.at(-1) as E;
  if (union.keyword !== "anyOf") return errors.map((error) => explain(error));
  const within = errors.find(({ keyword, instancePath }) =>
    keyword !== "anyOf" && !(keyword === "type" && instancePath === union.instancePath));
  const description = descriptionOf(union);
  if (within === undefined) return description === undefined ? [...errors] : [explain(union)];
  const isOfValue = within.instancePath === union.instancePath;
  return [isOfValue && description !== undefined ? { ...within, message: notValid(description) } : explain(within)];
}

/** A field's description says which values are valid. That helps more than the name of the keyword that failed. */
function explain<E extends Fault>(error: E): E {
  const description = descriptionOf(error);
  return description !== undefined && DESCRIBED_KEYWORDS.has(error.keyword)
    ? { ...error, message: notValid(description) }
    : error;
}

const notValid = (description: string): string => `is not valid: ${description}`;
const descriptionOf = ({ parentSchema = {} }: Fault): string | undefined =>
  (parentSchema as { description?: string }).description;
