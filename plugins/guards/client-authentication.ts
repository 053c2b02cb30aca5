import type { FastifyReply, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import type { Client, ClientCredentials } from "../../src/clients/client.js";
import { ASSERTION_TYPE, unverified } from "../../src/clients/client-assertion.js";
import { invalidRequest, unauthenticated } from "../../src/shared/errors.js";
import { basicCredentials } from "./authorization-header.js";

type Guard = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
declare module "fastify" {
  interface FastifyRequest {
    client: Client | null;
    /** The credentials that `authenticateClient` has verified. */
    credentials: ClientCredentials | null;
  }
  interface FastifyInstance {
    /**
     * Guard: HTTP Basic, or client_id and client_secret in the body (RFC 6749 §2.3.1), or an assertion there (RFC 7523
     * §2.2). Sets `client`, and `credentials` if there is a secret.
     */
    authenticateClient: Guard;
    /** Guard: as `authenticateClient`, but a public client sends its client_id only (RFC 6749 §3.2.1). */
    identifyClient: Guard;
  }
}

export default fp(async (app) => {
  app.decorateRequest("client", null);
  app.decorateRequest("credentials", null);
  app.decorate("authenticateClient", async (request) => {
    const assertion = presentedAssertion(request);
    if (assertion !== undefined) {
      const endpoint = app.config.publicUrl + (request.routeOptions.url ?? "");
      request.client = await app.countFailures(request, (lookup) =>
        app.clientAssertions.authenticate(assertion, { endpoint, lookup }));
      return app.limitClient(request);
    }
    const { id, secret } = credentials(request);
    request.client = app.clients.authenticateFromCache(id, secret)
      ?? await app.countFailures(request, (lookup) => app.clients.authenticate(id, secret, lookup));
    request.credentials = { id, secret };
    await app.limitClient(request);
  });
  app.decorate("identifyClient", async (request, reply) => {
    if (presentedAssertion(request) !== undefined) return app.authenticateClient(request, reply);
    const { id, secret = "" } = presentedCredentials(request);
    if (id === undefined) throw invalidRequest("client_id is missing (or authenticate by HTTP Basic)");
    if (secret !== "") return app.authenticateClient(request, reply);
    // No limit per client here: anyone can send a client_id, so one caller could lock out all users of the client.
    request.client = await app.countFailures(request, (lookup) => app.clients.identify(id, lookup));
  });
}, { name: "client-authentication", dependencies: ["clients", "client-assertions", "client-limits"] });

interface CredentialsInBody {
  client_id?: string;
  client_secret?: string;
  client_assertion?: string;
  client_assertion_type?: string;
}

/** RFC 7521 §4.2: the client_id is optional beside an assertion. */
function presentedAssertion({ body, headers: { authorization = "" } }: FastifyRequest): string | undefined {
  const { client_assertion: assertion, client_assertion_type: type, client_secret: secret, client_id: id } =
    (body ?? {}) as CredentialsInBody;
  if (assertion === undefined && type === undefined) return undefined;
  if (type !== ASSERTION_TYPE) throw invalidRequest(`client_assertion_type must be ${ASSERTION_TYPE}`);
  if (assertion === undefined) throw invalidRequest("client_assertion is missing");
  if (secret !== undefined || authorization !== "")
    throw invalidRequest("Authenticate in one way: by client_assertion, by client_secret, or by HTTP Basic");
  if (id !== undefined && id !== unverified(assertion).sub)
    throw invalidRequest("client_id differs from the assertion's sub: send the same, or none");
  return assertion;
}

/** RFC 6749 §2.3: a client uses one way to authenticate. Its client_id beside HTTP Basic only names it once more. */
function presentedCredentials(request: FastifyRequest): Partial<ClientCredentials> {
  const basic = basicCredentials(request);
  const { client_id: id, client_secret: secret } = (request.body ?? {}) as CredentialsInBody;
  if (basic === undefined) return { ...(id !== undefined && { id }), ...(secret !== undefined && { secret }) };
  if (secret !== undefined) throw invalidRequest("Send the client's secret by HTTP Basic or in the body, not both");
  if (id !== undefined && id !== basic.id)
    throw invalidRequest("client_id in the body differs from that of HTTP Basic: send the same, or none in the body");
  return basic;
}

function credentials(request: FastifyRequest): ClientCredentials {
  const { id, secret } = presentedCredentials(request);
  const { body, routeOptions: { config: { form } } } = request;
  if (id === undefined && secret === undefined && (body === undefined || form === true)) throw unauthenticated();
  if (id === undefined) throw invalidRequest("client_id is missing (or authenticate by HTTP Basic)");
  if (secret === undefined) {
    throw invalidRequest("client_secret is missing (or authenticate by HTTP Basic): a public client, which has none, " +
      "can't use this endpoint");
  }
  return { id, secret };
}
