import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

interface Operation { responses: Record<string, { content?: Record<string, { schema: object }> }> }
export interface OpenApiDocument {
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, object> };
}
export interface ObservedResponse {
  method: string;
  url: string;
  status: number;
  contentType: string | undefined;
  body: string;
}

/** What the document leaves out on purpose: itself and the pages that show it. */
const HIDDEN = /^\/(openapi\.json|docs\/?|docs\/static\/[^/]+|authorize\/submit\.js|\.well-known\/[a-z-]+\/.*)$/;
/** What the app answers at a place that it does not have; 400 where the URL can't be read. */
const UNKNOWN_PATH = [400, 404];
const UNKNOWN_METHOD = [404, 405];

/** Makes a check that throws where an answer is not the documented one. */
export function responseValidator(document: OpenApiDocument): (observed: ObservedResponse) => void {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, "openapi");
  const compiled = new Map<string, ValidateFunction>();
  return ({ method, url, status, contentType, body }) => {
    const path = url.split("?", 1)[0] as string;
    const template = Object.keys(document.paths).find((candidate) => matches(candidate, path));
    // A HEAD is the GET without its body (RFC 9110 §9.3.2), which is why no document names it.
    const documented = method === "HEAD" ? "get" : method.toLowerCase();
    const operation = template === undefined ? undefined : document.paths[template]?.[documented];
    if (template === undefined || operation === undefined) {
      if (HIDDEN.test(path) || (template === undefined ? UNKNOWN_PATH : UNKNOWN_METHOD).includes(status)) return;
      if (template !== undefined && method === "OPTIONS" && status === 204 && body === "") return; // CORS preflight
      throw new Error(`${method} ${path} answered ${status}, and is not documented: ${body}`);
    }
    // Where a GET has effects, there is no HEAD.
    if (method === "HEAD" && status === 405 && body === "") return;
    const response = operation.responses[status];
    if (method === "HEAD" && status === 405) return; // a GET that is not safe has no HEAD
    if (response === undefined)
      throw new Error(`${method} ${template} answered ${status}, which is not documented: ${body}`);
    if (method === "HEAD") {
      if (body !== "") throw new Error(`HEAD ${template} answered a body: ${body}`);
      return;
    }
    const media = contentType?.split(";", 1)[0];
    const content = media === undefined ? undefined : response.content?.[media];
    if (content === undefined) {
      if (body !== "")
        throw new Error(`${method} ${template} ${status} answered an undocumented ${media} body: ${body}`);
      return;
    }
    const pointer = [
      "paths",
      template,
      method.toLowerCase(),
      "responses",
      String(status),
      "content",
      media as string,
      "schema",
    ]
      .map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1")))
      .join("/");
    const validate = compiled.get(pointer) ?? ajv.compile({ $ref: `openapi#/${pointer}` });
    compiled.set(pointer, validate);
    if (!validate(media === "application/json" ? JSON.parse(body) : body))
      throw new Error(
        `${method} ${template} ${status} is not as documented: ${ajv.errorsText(validate.errors)}: ${body}`,
      );
  };
}

function matches(template: string, path: string): boolean {
  const [a, b] = [template.split("/"), path.split("/")];
  return a.length === b.length && a.every((part, i) => part.startsWith("{") || part === b[i]);
}
