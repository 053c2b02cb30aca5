import { type TObject, type TProperties, Type } from "@sinclair/typebox";
import type { Client } from "../clients/client.js";
import { refusedGrant } from "../clients/grant-types.js";
import { AuthflowError, invalidRequest, unauthorizedClient } from "../shared/errors.js";
import type { TokenResponse } from "../tokens/issuer.js";
import { authorizationCode } from "./authorization-code.js";
import { clientCredentials } from "./client-credentials.js";
import type { Grant, GrantDependencies } from "./grant.js";
import { refreshToken } from "./refresh-token.js";

/** Every grant. Documentation and validation of POST /token follow from this table. */
const TABLE: ((dependencies: GrantDependencies) => Grant)[] = [authorizationCode, refreshToken, clientCredentials];

/** The form of POST /token (RFC 6749 §3.2): texts, each at most once; `resource` is a list. */
export interface TokenParameters {
  readonly grant_type: string;
  readonly [parameter: string]: string | string[] | undefined;
}

/** Exchanges any grant of POST /token for tokens. */
export class Grants {
  readonly #grants: ReadonlyMap<string, Grant>;

  constructor(dependencies: GrantDependencies, table = TABLE) {
    this.#grants = new Map(table.map((grant) => grant(dependencies)).map((grant) => [grant.type, grant]));
  }

  /** The values of grant_type. */
  get types(): string[] { return [...this.#grants.keys()]; }

  /** The parameters of all grants. The grant_type decides which of them a request needs. */
  get parameters(): TObject {
    const all = [...this.#grants.values()].map(({ parameters }) => parameters.properties);
    return Type.Partial(Type.Object(Object.assign({}, ...all) as TProperties));
  }

  get examples(): Record<string, unknown>[] {
    return [...this.#grants.values()].map(({ type, example }) => ({ grant_type: type, ...example }));
  }

  /**
   * `client` has authenticated; a public client has sent its client_id. `lookup`: how to find what it exchanges.
   * Rejects with the codes of RFC 6749 §5.2, or with the grant's own errors.
   */
  async exchange(
    client: Client,
    { grant_type: type, ...given }: TokenParameters,
  ): Promise<TokenResponse> {
    const grant = this.#grants.get(type);
    if (grant === undefined)
      throw new AuthflowError(400, "unsupported_grant_type", `grant_type must be ${this.types.join(" or ")}`);
    checkClient(grant, client);
    return grant.exchange(client, parametersOf(grant, given));
  }
}

function checkClient({ type, clientAuthentication, allows }: Grant, client: Client): void {
  if (clientAuthentication === "required" && client.authMethod === "none")
    throw unauthorizedClient(`grant_type ${type} is for clients that authenticate, not for public ones`);
  if (client.grantTypes.some((one) => one === type) && allows?.(client) !== false) return;
  throw refusedGrant(client, type);
}

/** The grant's own parameters; others in the form are ignored (RFC 6749 §3.2). */
function parametersOf(
  { parameters: { properties, required = [] } }: Grant,
  given: Readonly<Record<string, string | string[] | undefined>>,
) {
  const missing = required.find((name) => given[name] === undefined);
  if (missing !== undefined) {
    const { description: [first = "", ...rest] = "" } = properties[missing] ?? {};
    throw invalidRequest(`${missing} is missing: send ${first.toLowerCase()}${rest.join("")}`);
  }
  return Object.fromEntries(Object.keys(properties).map((name) => [name, given[name]]));
}
