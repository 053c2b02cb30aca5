import type { FastifyRequest } from "fastify";
import { invalidRequest, invalidToken, missingToken, unauthenticated } from "../../src/shared/errors.js";
import { isRepeated } from "../http/repeated-header.js";

/**
 * The token of `Authorization: Bearer` (RFC 6750 §2.1) or, of a route with a form, `access_token` in its body (§2.2).
 * Throws if there is none, if the header has another form, or if there is one in each place.
 */
export function presentedToken(request: FastifyRequest): string {
  const authorization = authorizationOf(request);
  const { body, routeOptions: { config: { form } } } = request;
  const inForm = form === true ? (body as { access_token?: string } | null)?.access_token : undefined;
  if (inForm !== undefined && authorization !== undefined)
    throw invalidRequest("Send the token in the header Authorization or in the body, not both");
  if (inForm !== undefined) return inForm;
  if (authorization === undefined) throw missingToken("Send the token in the header Authorization: Bearer <token>");
  const [, token] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
  if (token === undefined) throw invalidToken("Send the token as Authorization: Bearer <token>");
  return token;
}

/**
 * client_id and client_secret of `Authorization: Basic`, which are form-encoded (RFC 6749 §2.3.1): most client
 * libraries send `-` as `%2D`. Undefined without the header; throws if it has another form.
 */
export function basicCredentials(request: FastifyRequest): { id: string; secret: string } | undefined {
  const authorization = authorizationOf(request);
  if (authorization === undefined) return undefined;
  if (!/^Basic\b/i.test(authorization)) throw unauthenticated();
  const [, encoded] = /^Basic +([A-Za-z0-9+/_-]+=*)$/i.exec(authorization) ?? [];
  const text = Buffer.from(encoded ?? "", "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 1) throw unauthenticated("HTTP Basic must hold client_id, a colon and client_secret, in base64");
  return { id: formDecoded(text.slice(0, colon)), secret: formDecoded(text.slice(colon + 1)) };
}

function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw invalidRequest("client_id and client_secret must be form-encoded in HTTP Basic, in which % begins two " +
      "hexadecimal digits (RFC 6749 §2.3.1): encode a % as %25");
  }
}

/** Node keeps the first of several Authorization headers. A proxy may have checked another one. */
function authorizationOf({ headers: { authorization }, raw: { rawHeaders } }: FastifyRequest): string | undefined {
  if (isRepeated("authorization", rawHeaders)) throw invalidRequest("Send the header Authorization once");
  return authorization === "" ? undefined : authorization;
}
