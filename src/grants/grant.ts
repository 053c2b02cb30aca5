import type { Static, TObject } from "@sinclair/typebox";
import type { Client } from "../clients/client.js";
import type { AuthorizationCodeService } from "../login/authorization-code-service.js";
import type { TokenResponse } from "../tokens/issuer.js";

/** What grants may need; each takes its part. */
export interface GrantDependencies { codes: AuthorizationCodeService }

/** A grant of POST /token (RFC 6749 §1.3): everything that the endpoint knows about it. */
export interface Grant<Parameters extends TObject = TObject> {
  /** Its grant_type. */
  readonly type: string;
  /** Whether the client must have authenticated. If not, a public client may name itself (RFC 6749 §3.2.1). */
  readonly clientAuthentication: "required" | "optional";
  /** Its own parameters, all of them texts. A description says what a good value is. */
  readonly parameters: Parameters;
  /** A request, for the documents. */
  readonly example: Static<Parameters>;
  /** Whether this client may use it. */
  allows: (client: Client) => boolean;
  exchange: (client: Client, parameters: Static<Parameters>) => Promise<TokenResponse>;
}

/** Checks a grant's functions against its own parameters; the table takes grants with any. */
export const defineGrant = <Parameters extends TObject>(grant: Grant<Parameters>): Grant => grant as unknown as Grant;
