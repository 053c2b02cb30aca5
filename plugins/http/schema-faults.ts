/** What is used of Ajv's errors. `parentSchema`: the schema that has the keyword. */
interface Fault {
  keyword: string;
  instancePath: string;
  params: { limit?: number };
  message?: string;
  parentSchema?: object;
}

/** What is wrong if a field's description does not say it. `limit`: of the keyword. */
const RULES: Record<string, (limit: number) => string> = {
  minLength: (limit) => (limit === 1 ? "must not be empty" : `must have at least ${limit} characters`),
  maxLength: (limit) => `must have at most ${limit} characters`,
  minItems: (limit) => (limit === 1 ? "must not be an empty list" : `must be a list of at least ${limit}`),
  maxItems: (limit) => `must be a list of at most ${limit}`,
  uniqueItems: () => "must not have the same value twice",
  minProperties: (limit) => `must have at least ${limit} member${limit === 1 ? "" : "s"}`,
  maxProperties: (limit) => `must have at most ${limit} members`,
  minimum: (limit) => `must be at least ${limit}`,
  maximum: (limit) => `must be at most ${limit}`,
  pattern: () => "has characters that are not allowed",
  format: () => "has another form",
  anyOf: () => "is not valid",
};

/**
 * The errors, the real fault first. Of a union, which comes last, that is the fault of the alternative that has the
 * value's type: the others only say that theirs is another. If no alternative has it, the union is the fault.
 */
export function explained<E extends Fault>(errors: readonly E[]): E[] {
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
  const { keyword, params: { limit } } = error;
  const rule = RULES[keyword];
  if (rule === undefined) return error;
  const description = descriptionOf(error);
  const saysIt = description !== undefined && (limit === undefined || description.includes(String(limit)));
  return { ...error, message: saysIt ? notValid(description) : rule(limit ?? 0) };
}

const notValid = (description: string): string => `is not valid: ${description}`;
const descriptionOf = ({ parentSchema = {} }: Fault): string | undefined =>
  (parentSchema as { description?: string }).description;
