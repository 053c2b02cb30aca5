import type * as serialization from "@fastify/fast-json-stringify-compiler";
import type { FastifyServerOptions } from "fastify";
import compilers from "./compilers.cjs";
import { buildValidator } from "./validation.js";

type SerializerFactory = serialization.SerializerFactory;

/**
 * Serializers from Fastify's own compiler. The first response of each kind loads the compiler and compiles its schema:
 * compiling all schemas would take a third of the start-up time.
 */
const buildSerializer: SerializerFactory = (schemas, options) => {
  let compile: ReturnType<SerializerFactory> | undefined;
  const compiler = () => compilers.serializers().SerializerSelector()(schemas, options);
  return (route) => {
    let serialize: ReturnType<ReturnType<SerializerFactory>> | undefined;
    return (document) => (serialize ??= (compile ??= compiler())(route))(document);
  };
};

/** What Fastify compiles schemas with. Its types demand Ajv's validate function, but it uses less than that. */
export const schemaController: NonNullable<FastifyServerOptions["schemaController"]> = {
  compilersFactory: { buildValidator: buildValidator as never, buildSerializer },
};
