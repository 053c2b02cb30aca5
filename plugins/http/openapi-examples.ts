interface Media { schema?: Schema; example?: unknown }
interface Schema {
  $ref?: string;
  anyOf?: Schema[];
  type?: unknown;
  properties?: Record<string, { type?: unknown; example?: unknown; examples?: unknown[] }>;
}
export interface Operation {
  tags?: string[];
  security?: Record<string, unknown>[];
  parameters?: { in: string; name: string }[];
  requestBody?: { required?: boolean; content: Record<string, Media> };
  responses: Record<string, { content?: Record<string, Media> }>;
}
export interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
}

const START_AGAIN = "https://auth.example.com/auth/local/callback?state=…";
const FORM = "application/x-www-form-urlencoded";
const NOT_FOUND: Record<string, string> = {
  clients: "There is no client with this client_id",
  keys: "There is no signing key with this kid: see GET /keys",
  "status-lists": "There is no such status list, or its tokens have all expired",
  logins: "There is no such login: send the value of login_challenge as the page received it",
  auth: "There is no provider with this name, or it is not switched on: GET /auth lists those that are",
};

/** Completes the document that @fastify/swagger makes: bodies that may be absent, and an example of each error. */
export function completed<T extends object>(document: T): T {
  const { paths, components } = document as unknown as OpenApi;
  for (const [path, operations] of Object.entries(paths)) {
    for (const operation of Object.values(operations)) {
      allowAbsentBody(operation);
      for (const [status, { content }] of Object.entries(operation.responses)) {
        const json = content?.["application/json"];
        const [, schema] = /\/(Error|LoginOver)$/.exec(json?.schema?.$ref ?? "") ?? [];
        if (json === undefined || schema === undefined || Number(status) < 400) continue;
        const example = errorExample(Number(status), path, operation, components?.schemas ?? {});
        json.example = schema === "Error" ? example : { ...example, redirect_to: START_AGAIN };
      }
    }
  }
  return document;
}

/** OpenAPI says it by `required`, and not by the type null, by which the validation accepts an absent body. */
function allowAbsentBody({ requestBody }: Operation): void {
  for (const media of Object.values(requestBody?.content ?? {})) {
    const present = media.schema?.anyOf?.filter(({ type }) => type !== "null");
    if (requestBody === undefined || present?.length !== 1 || present.length === media.schema?.anyOf?.length) continue;
    requestBody.required = false;
    media.schema = present[0];
  }
}

function errorExample(status: number, path: string, operation: Operation, schemas: Record<string, Schema>): object {
  const [, place = ""] = path.split("/");
  const schemes = (operation.security ?? []).flatMap((one) => Object.keys(one));
  const error = (code: string, description: string) => ({ error: code, error_description: description });
  const withId = { request_id: "8f14e45f-ceea-467f-a0e6-5a2d6b1c9f10" };
  switch (status) {
    case 400: return error("invalid_request", invalidInput(operation, schemas));
    case 401: return schemes.includes("clientBasic")
      ? error("invalid_client", "Client authentication failed: check client_id and client_secret")
      : error("invalid_token", schemes.includes("accessToken") ? "The token has expired"
        : "This token does not allow the request: check its value");
    case 403: return error("access_denied", forbidden(place, operation, schemes));
    case 404: return error("not_found", NOT_FOUND[place] ?? "There is none");
    case 409: return error("invalid_request", "This login was answered before, and differently");
    case 410: return error("invalid_request", "This login took too long");
    case 413: return error("invalid_request", "The request body must be at most 32 KiB");
    case 415: return error("invalid_request", `Content-Type must be ${mediaTypeOf(operation) ?? "application/json"}`);
    case 429: return error("too_many_requests", "Too many requests: try again in 12 s");
    case 503: return { ...error("temporarily_unavailable", "The database does not answer: try again"), ...withId };
    default: return { ...error("server_error", "Internal error: send the request_id to the operator"), ...withId };
  }
}

const mediaTypeOf = ({ requestBody }: Operation): string | undefined => Object.keys(requestBody?.content ?? {})[0];

function invalidInput(operation: Operation, schemas: Record<string, Schema>): string {
  const type = mediaTypeOf(operation);
  if (type === "application/json") return "Unknown field nmae: did you mean name?";
  const form = type === FORM ? operation.requestBody?.content[FORM]?.schema : undefined;
  const [field] = Object.keys((schemas[form?.$ref?.split("/").at(-1) ?? ""] ?? form)?.properties ?? {});
  const parameter = operation.parameters?.find((one) => one.in === "query")?.name ?? field;
  return parameter === undefined ? "Send the header Authorization once" : `${parameter} must be given once`;
}

function forbidden(place: string, { tags = [] }: Operation, schemes: string[]): string {
  if (place === "logins") return "sub must begin with a prefix that this client may use: shop|";
  if (tags.includes("login")) return "The application or its redirect_uri was removed during this login";
  if (schemes.includes("registrationToken")) return "Registration is closed: ask the operator for a client";
  if (schemes.includes("adminToken")) return "The operators' endpoints are off: set AUTHFLOW_ADMIN_TOKEN";
  return "sub must begin with a prefix that this client may use: shop|";
}
