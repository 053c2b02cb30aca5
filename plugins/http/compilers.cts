/**
 * The packages that compile schemas, each loaded at its first use: loading them would take a third of the start-up
 * time. This is a CommonJS module because `require`, unlike `import()`, can be used in a function that is not async.
 */
export = {
  ajv: () => require("ajv") as typeof import("ajv"),
  formats: () => require("ajv-formats") as typeof import("ajv-formats"),
  serializers: () =>
    require("@fastify/fast-json-stringify-compiler") as typeof import("@fastify/fast-json-stringify-compiler"),
};
