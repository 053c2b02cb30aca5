import { createRequire } from "node:module";
import type * as serialization from "@fastify/fast-json-stringify-compiler";
import type { FastifyServerOptions } from "fastify";
import { buildValidator } from "./validation.js";

type SerializerFactory = serialization.SerializerFactory;

const require = createRequire(import.meta.url);

/**
 * Serializers from Fastify's own compiler. The first response of each kind loads the compiler and compiles its schema:
 * compiling all schemas would take a third of the start-up time.
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

/** What Fastify compiles schemas with. Its types demand Ajv's validate function, but it uses less than that. */
export const schemaController: NonNullable<FastifyServerOptions["schemaController"]> = {
  compilersFactory: { buildValidator: buildValidator as never, buildSerializer },
};
