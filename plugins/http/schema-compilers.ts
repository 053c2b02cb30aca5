import { createRequire } from "node:module";
import type * as serialization from "@fastify/fast-json-stringify-compiler";
import type { FastifyServerOptions } from "fastify";
import { buildValidator } from "./validation.js";

type SerializerFactory = serialization.SerializerFactory;

const require = createRequire(import.meta.url);

/**
 * Fastify's own serializers, by the same compiler. It is loaded, and the schema of a response compiled, by the first
 * response of its kind: to compile every schema would take a third of the start.
 */
const buildSerializer: SerializerFactory = (schemas, options) => {
  let compile: ReturnType<SerializerFactory> | undefined;
  const compiler = (): ReturnType<SerializerFactory> => {
    const { SerializerSelector } = require("@fastify/fast-json-stringify-compiler") as typeof serialization;
    return SerializerSelector()(schemas, options);
  };
  return (route) => {
    let serialize: ReturnType<ReturnType<SerializerFactory>> | undefined;
    return (document) => (serialize ??= (compile ??= compiler())(route))(document);
  };
};

/** What Fastify compiles schemas with. Its types want a validator of Ajv's own shape, which it does not need. */
export const schemaController: NonNullable<FastifyServerOptions["schemaController"]> = {
  compilersFactory: { buildValidator: buildValidator as never, buildSerializer },
};
