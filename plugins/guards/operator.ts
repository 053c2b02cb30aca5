import type { FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import type { Registrant } from "../../src/clients/registration.js";
import { digest, sameDigest } from "../../src/shared/digest.js";
import { accessDenied, invalidToken } from "../../src/shared/errors.js";
import { isLocalAuthority, isLoopbackAddress } from "../../src/shared/loopback.js";
import { presentedToken } from "./authorization-header.js";

type Guard = (request: FastifyRequest) => Promise<void>;
declare module "fastify" {
  interface FastifyRequest {
    /** Set by `mayRegister`. */
    registrant: Registrant;
  }
  interface FastifyInstance {
    /** Guard: the operator's token. */
    operatorOnly: Guard;
    /** Guard: callers that may register clients according to AUTHFLOW_REGISTRATION; the operator always may. */
    mayRegister: Guard;
  }
}

export default fp(async (app) => {
  const { adminToken, registrationToken, registration, loopback, publicUrl } = app.config;
  app.decorate("operatorOnly", async (request) => {
    if (loopback) refuseOtherSites(request, publicUrl);
    if (adminToken === undefined) throw accessDenied("The operators' endpoints are off: set AUTHFLOW_ADMIN_TOKEN");
    requireToken(request, [adminToken]);
  });
  app.decorateRequest("registrant", "stranger");
  app.decorate("mayRegister", async (request) => {
    if (loopback) refuseOtherSites(request, publicUrl);
    request.registrant = registrantOf(request);
  });
  const registrantOf = (request: FastifyRequest): Registrant => {
    if (registration === "closed" && adminToken === undefined)
      throw accessDenied("Registration is closed: ask the operator for a client");
    const accepted = registration === "closed" ? [adminToken] : [registrationToken, adminToken];
    // Anyone may register. What reaches other clients' tokens, only this machine may, or who has a token.
    if (registration === "open" && loopback) {
      if (carriesToken(request) && !isEmptyBearer(request)) {
        requireToken(request, accepted, "check its value, or send none");
        return "trusted";
      }
      return isLoopbackAddress(request.ip) && !isOtherPage(request) ? "trusted" : "untrusted";
    }
    // A proxy on this machine gives everybody a loopback address: only a token makes a difference.
    if (registration === "open" && !carriesToken(request)) return "stranger";
    requireToken(request, accepted);
    return "trusted";
  };
}, { name: "operator" });

/**
 * Who can reach a loopback service is this machine, and with it every page that its browser has open: a site may let
 * its own name lead here (DNS rebinding). The browser then sends that name as Host, and as Origin.
 */
function refuseOtherSites({ headers: { host = "", origin } }: FastifyRequest, publicUrl: string): void {
  const isLocal = isLocalAuthority(host);
  // A frame without rights sends the Origin null.
  if (isLocal && (origin === undefined || isLocalAuthority(/^https?:\/\/(.+)/.exec(origin)?.[1] ?? ""))) return;
  throw accessDenied(`The header ${isLocal ? "Origin" : "Host"} names another site, whose page may ` +
    `have sent this request through a browser: send it to ${publicUrl}`);
}

/** Whether a page sent it that is not this service's own, such as one of another program on this machine. */
const isOtherPage = ({ headers: { host = "", origin } }: FastifyRequest): boolean =>
  origin !== undefined && origin.replace(/^https?:\/\//, "") !== host.toLowerCase();

/** Whether the request has an Authorization header, whatever it holds. */
const carriesToken = ({ headers: { authorization = "" } }: FastifyRequest): boolean => authorization !== "";

/** What a command sends whose variable is not set. */
const isEmptyBearer = ({ headers: { authorization = "" } }: FastifyRequest): boolean =>
  /^Bearer *$/i.test(authorization);

function requireToken(request: FastifyRequest, accepted: (string | undefined)[], remedy = "check its value"): void {
  const presented = digest(presentedToken(request));
  // All digests have one length, and each is compared: the time shows neither which token nor how much of it matched.
  const matches = accepted.map((token) => token !== undefined && sameDigest(digest(token), presented));
  if (!matches.includes(true)) throw invalidToken(`This token does not allow the request: ${remedy}`);
}
