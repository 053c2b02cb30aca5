import { type Static, type TSchema, Type } from "@sinclair/typebox";

/** A `$ref` that keeps the TypeScript type of what it points to. */
export const ref = <T extends TSchema>(schema: T) => Type.Unsafe<Static<T>>({ $ref: `${schema.$id}#` });

/** One of several words: what is wrong with another one is said in the words of `description`. */
export const OneOf = <const T extends string>(values: readonly T[], description: string) =>
  Type.Unsafe<T>({ type: "string", enum: [...values], description });

export const ErrorResponse = Type.Object({
  error: Type.String({ description: "A code that programs can tell apart (RFC 6749 §5.2, RFC 6750 §3.1)" }),
  error_description: Type.String({ description: "What is wrong and what to do, for people" }),
  request_id: Type.Optional(Type.String({ description: "Names this request in the service's log (5xx only)" })),
}, { $id: "Error", examples: [{ error: "invalid_request", error_description: "sub is missing" }] });

const STATUS: Record<number, string> = {
  400: "The request is not valid: `error_description` names the field and the remedy",
  401: "Authentication failed",
  403: "Authenticated, but not allowed",
  404: "There is no such thing",
  410: "The login was finished before, or begun too long ago",
  413: "The body is larger than 32 KiB",
  415: "The body is not of the media type that is documented",
  429: "Too many requests: see `Retry-After`",
  500: "A fault of the service: quote `request_id`",
  503: "Temporarily unavailable: see `Retry-After`. Nothing is called valid that can't be known to be",
};

type ErrorResponses = Record<number, ReturnType<typeof ref<typeof ErrorResponse>>>;

/** The error answers of a route, by status. */
export function errors(...statuses: number[]): ErrorResponses {
  const documented = [...new Set([...statuses, 500])].map((status) => [
    status,
    { ...ref(ErrorResponse), description: STATUS[status] },
  ]);
  return Object.fromEntries(documented) as ErrorResponses;
}

/** The error answers of a route that people open in a browser: pages for them, JSON for programs. */
export const pageErrors = (...statuses: number[]) => Object.fromEntries([...new Set([...statuses, 500])].map((status) => [
  status,
  {
    description: STATUS[status],
    content: { "application/json": { schema: ref(ErrorResponse) }, "text/html": { schema: Type.String() } },
  },
]));

/** Alternatives of which one suffices; `{}` is: none at all. Names are those of the document's securitySchemes. */
export type Security = readonly Readonly<Record<string, readonly string[]>>[];

export const Timestamp = (description: string) => Type.String({ format: "date-time", description });
