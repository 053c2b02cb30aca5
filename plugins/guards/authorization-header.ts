import type { FastifyRequest } from "fastify";
import { missingToken } from "../../src/shared/errors.js";

/** The token of `Authorization: Bearer` (RFC 6750 §2.1); undefined if the header has another form. Throws if absent. */
export function presentedToken({ headers: { authorization } }: FastifyRequest): string | undefined {
  if (authorization === undefined) throw missingToken("Send the token in the header Authorization: Bearer <token>");
  return /^Bearer +(\S+)$/i.exec(authorization)?.[1];
}
