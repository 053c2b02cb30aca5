import { type Static, type TObject, Type } from "@sinclair/typebox";
import type { Client } from "../clients/client.js";
import type { AuthorizationCodeService } from "../login/authorization-code-service.js";
import type { RefreshTokenService } from "../sessions/refresh-token-service.js";
import type { TokenIssuer, TokenResponse } from "../tokens/issuer.js";

/** What grants may need; each uses some of it. */
export interface GrantDependencies {
  codes: AuthorizationCodeService;
  refreshTokens: RefreshTokenService;
  tokens: TokenIssuer;
}

/** A grant of POST /token (RFC 6749 §1.3): everything that the endpoint needs to know about it. */
export interface Grant<Parameters extends TObject = TObject> {
  /** The value of grant_type. */
  readonly type: string;
  /** Whether the client must authenticate. If optional, a public client only sends its client_id (RFC 6749 §3.2.1). */
  readonly clientAuthentication: "required" | "optional";
  /** Its own parameters: texts, and the list `resource`. The descriptions also appear in error messages. */
  readonly parameters: Parameters;
  /** An example request for the OpenAPI document. */
  readonly example: Static<Parameters>;
  /** What else a client needs whose grant_types have this grant. */
  allows?: (client: Client) => boolean;
  exchange: (client: Client, parameters: Static<Parameters>) => Promise<TokenResponse>;
}

/** Parameters that several grants have. */
export const scopeParameter = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 1024, description }));
export const resourceParameter = (description: string) =>
  Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 255, description: "1 to 255 characters" }), {
    minItems: 1, maxItems: 10, description: `${description}; at most 10`,
  }));

/** Checks the types of a grant's functions against its own parameters, and hides them from the table of grants. */
export const defineGrant = <Parameters extends TObject>(grant: Grant<Parameters>): Grant => grant as unknown as Grant;
