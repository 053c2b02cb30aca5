import { type Static, type TSchema, Type } from "@sinclair/typebox";

/** A `$ref` to a shared schema, with that schema's TypeScript type. */
export const ref = <T extends TSchema>(schema: T) => Type.Unsafe<Static<T>>({ $ref: `${schema.$id}#` });

/** A property that requests may omit: validation then gives it its `default`. */
export const Defaulted = <T extends TSchema>(schema: T) => Type.Unsafe<Static<T>>(Type.Optional(schema));

/** One of several strings. For any other value, the error message is `description`. */
export const OneOf = <const T extends string>(values: readonly T[], description: string) =>
  Type.Unsafe<T>({ type: "string", enum: [...values], description });

export const ErrorResponse = Type.Object({
  error: Type.String({ description: "An error code for programs (RFC 6749 §5.2, RFC 6750 §3.1)" }),
  error_description: Type.String({ description: "For people: what is wrong, and what to do" }),
  request_id: Type.Optional(Type.String({ description: "The request's id in Authflow's log (5xx only)" })),
}, { $id: "Error" });

const STATUS: Record<number, string> = {
  400: "The request is not valid: `error_description` names the field and the remedy",
  401: "Authentication failed",
  403: "Authenticated, but not allowed",
  404: "Not found",
  409: "The login was answered before, and differently",
  410: "The login was already finished, or has expired",
  413: "The body is larger than 32 KiB",
  415: "The body has another media type than the one documented here",
  429: "Too many requests: see `Retry-After`",
  500: "Internal error: send `request_id` to the operator",
  503: "Temporarily unavailable: see `Retry-After`. A token whose state can't be determined is never called valid",
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

/** The error answers of a route that people open in a browser: HTML for browsers, JSON for programs. */
export function pageErrors(...statuses: number[]) {
  const content = { "application/json": { schema: ref(ErrorResponse) }, "text/html": { schema: Type.String() } };
  return Object.fromEntries([...new Set([...statuses, 500])].map((status) =>
    [status, { description: STATUS[status], content }]));
}

/** Alternatives, as in OpenAPI: one of them is enough, and `{}` means no authentication. The names: securitySchemes. */
export type Security = readonly Readonly<Record<string, readonly string[]>>[];

export const Timestamp = (description: string) => Type.String({ format: "date-time", description });
