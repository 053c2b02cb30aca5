import type { Static, TObject } from "@sinclair/typebox";
import type { Client } from "../clients/client.js";
import type { AuthorizationCodeService } from "../login/authorization-code-service.js";
import type { Lookup } from "../shared/joined-lookup.js";
import type { TokenResponse } from "../tokens/issuer.js";

/** What grants may need; each uses some of it. */
export interface GrantDependencies { codes: AuthorizationCodeService }

/** A grant of POST /token (RFC 6749 §1.3): everything that the endpoint needs to know about it. */
export interface Grant<Parameters extends TObject = TObject> {
  /** The value of grant_type. */
  readonly type: string;
  /** Whether the client must authenticate. If optional, a public client only sends its client_id (RFC 6749 §3.2.1). */
  readonly clientAuthentication: "required" | "optional";
  /** Its own parameters, all of them texts. The descriptions also appear in error messages. */
  readonly parameters: Parameters;
  /** An example request for the OpenAPI document. */
  readonly example: Static<Parameters>;
  /** Whether this client may use it. */
  allows: (client: Client) => boolean;
  exchange: (client: Client, parameters: Static<Parameters>, lookup: Lookup) => Promise<TokenResponse>;
}

/** Checks the types of a grant's functions against its own parameters, and hides them from the table of grants. */
export const defineGrant = <Parameters extends TObject>(grant: Grant<Parameters>): Grant => grant as unknown as Grant;
