import type { Client } from "../clients/client.js";
import { AuthflowError, invalidRequest } from "../shared/errors.js";
import type { AuthorizationCodeService } from "../login/authorization-code-service.js";
import type { TokenResponse } from "../tokens/issuer.js";
import { authorizationCode } from "./authorization-code.js";
import type { Grant, TokenParameters } from "./grant.js";

/** Every grant by its grant_type. */
const table = ({ codes }: { codes: AuthorizationCodeService }): Record<string, Grant> => ({
  authorization_code: authorizationCode(codes),
});

/** POST /token, whichever the grant (RFC 6749 §3.2). */
export class Grants {
  readonly #grants: ReadonlyMap<string, Grant>;

  constructor(dependencies: { codes: AuthorizationCodeService }) {
    this.#grants = new Map(Object.entries(table(dependencies)));
  }

  async exchange(client: Client, { grant_type: type, ...parameters }: TokenParameters): Promise<TokenResponse> {
    if (type === undefined) throw invalidRequest("grant_type is missing");
    const grant = this.#grants.get(type);
    if (grant !== undefined) return grant(client, parameters);
    throw new AuthflowError(400, "unsupported_grant_type", `grant_type must be ${[...this.#grants.keys()].join(" or ")}`);
  }
}
