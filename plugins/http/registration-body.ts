import type { FastifyReply } from "fastify";
import fp from "fastify-plugin";
import { AuthflowError, invalidRequest } from "../../src/shared/errors.js";
import { GRANT_TYPES, RESPONSE_TYPES } from "../../src/clients/client.js";

declare module "fastify" {
  interface FastifyRequest {
    /** The body of POST /clients is that of RFC 7591, not Authflow's own. */
    isStandardRegistration: boolean;
  }
  interface FastifyInstance {
    /** `members`: those that Authflow understands. */
    standardRegistration: (members: readonly string[]) => {
      preValidation: (request: FastifyRequest) => Promise<void>;
      errorHandler: (error: Error, request: FastifyRequest, reply: FastifyReply) => never;
    };
  }
}

type Body = Record<string, unknown>;

/**
 * Registrations by RFC 7591: members that are unknown or null are ignored (§2), and so are grants and response types
 * that Authflow has not, beside others (§3.2.1: the answer says what was registered). The errors are those of §3.2.2.
 */
export default fp(async (app) => {
  app.decorateRequest("isStandardRegistration", false);
  app.decorate("standardRegistration", (members) => ({
    preValidation: async (request) => {
      const { body, registrant } = request;
      // A stranger's client is as RFC 7591 has it, whatever the names of the members.
      const isStranger = registrant === "stranger";
      if (!isStandard(body) && !(isStranger && isObject(body))) return;
      request.isStandardRegistration = true;
      if (isStranger && body.policy != null)
        throw invalidRequest("policy must be absent: only an operator can give a client one");
      for (const [name, value] of Object.entries(body))
        if (value === null || !members.includes(name)) delete body[name];
      if (body.name !== undefined && body.client_name !== undefined && body.name !== body.client_name)
        throw invalidRequest("name differs from client_name: send one of them");
      keepKnown(body, "grant_types", GRANT_TYPES);
      keepKnown(body, "response_types", RESPONSE_TYPES);
    },
    errorHandler: (error, { isStandardRegistration }) => {
      const { code, status, message, extra } = error as AuthflowError;
      throw isStandardRegistration && error instanceof AuthflowError && code === "invalid_request" && status === 400
        ? new AuthflowError(400, "invalid_client_metadata", message, extra)
        : error;
    },
  }));
}, { name: "registration-body" });

const isObject = (body: unknown): body is Body => typeof body === "object" && body !== null && !Array.isArray(body);

/** With `client_name`, or without the members that only Authflow has. */
const isStandard = (body: unknown): body is Body =>
  isObject(body) && ("client_name" in body
    || (Object.keys(body).length > 0 && !["name", "redirect_uri", "permissions"].some((own) => own in body)));

/** If none is known, all stay: validation then says which are. */
function keepKnown(body: Body, name: string, known: readonly unknown[]): void {
  const { [name]: asked } = body;
  if (!Array.isArray(asked)) return;
  const kept = asked.filter((one) => known.includes(one));
  if (asked.length === 0) delete body[name];
  else if (kept.length > 0) body[name] = [...new Set(kept)];
}
