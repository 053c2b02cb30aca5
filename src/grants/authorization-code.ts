import { invalidRequest } from "../shared/errors.js";
import type { AuthorizationCodeService } from "../login/authorization-code-service.js";
import type { Grant } from "./grant.js";

/** RFC 6749 §4.1.3, RFC 7636 §4.5 */
export const authorizationCode = (codes: AuthorizationCodeService): Grant =>
  async (client, { code, redirect_uri: redirectUri, code_verifier: codeVerifier }) => {
    if (code === undefined) throw invalidRequest("code is missing");
    if (redirectUri === undefined) throw invalidRequest("redirect_uri is missing: send the one of the authorization request");
    return codes.exchange(client, { code, redirectUri, codeVerifier });
  };
