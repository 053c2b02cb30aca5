import type { FastifySwaggerUiOptions } from "@fastify/swagger-ui";
import type { OpenApi } from "./openapi-examples.js";

/** Swagger UI needs inline styles, but no inline scripts. */
const PAGE_CSP = {
  "default-src": "'none'", "base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'",
  "connect-src": "'self'", "img-src": "'self' data:", "script-src": "'self'", "style-src": "'self' 'unsafe-inline'",
};

/** Runs in the browser: it must refer to nothing outside of itself. A stream has no end, so it would load for ever. */
const allowTryItOutFor = () => (_state: unknown, path: string): boolean => !path.endsWith("/stream");

/** Swagger UI as a person uses it who has no client yet. */
export const SWAGGER_UI: FastifySwaggerUiOptions = {
  routePrefix: "/docs",
  indexPrefix: ".", // relative, so that /docs works below the path of a proxy
  staticCSP: PAGE_CSP,
  transformSpecification: (document) => forPeople(document),
  uiConfig: {
    layout: "BaseLayout", tryItOutEnabled: true, displayRequestDuration: true, defaultModelsExpandDepth: 0,
    plugins: [{ statePlugins: { spec: { wrapSelectors: { allowTryItOutFor } } } } as never],
  },
};

/** Swagger UI fills each field of a form with an example, and shows a closed lock if anyone may call an operation. */
function forPeople<T extends object>(document: T): T {
  const { paths, components } = document as unknown as OpenApi;
  for (const operation of Object.values(paths).flatMap((one) => Object.values(one))) {
    operation.security = operation.security?.filter((schemes) => Object.keys(schemes).length > 0) ?? [];
    const form = operation.requestBody?.content["application/x-www-form-urlencoded"]?.schema;
    const schema = components?.schemas?.[form?.$ref?.split("/").at(-1) ?? ""] ?? form;
    for (const property of Object.values(schema?.properties ?? {}))
      property.example = property.examples?.[0] ?? (property.type === "array" ? [] : "");
  }
  return document;
}
