import { digest } from "../shared/digest.js";
import { invalidRedirectUri, invalidRequest } from "../shared/errors.js";
import { uuidv7 } from "../shared/uuid.js";
import {
  type AuthMethod, type ClientJwks, type GrantType, type NewClient, type Permission, PERMISSIVE, RESPONSE_TYPES,
  type ResponseType,
} from "./client.js";
import { checkGrantTypes, defaultGrantTypes } from "./grant-types.js";
import { checkKeys, checkNames } from "./metadata.js";
import { refuseToStrangers, STRANGER_PERMISSIONS, UNUSED_LIFETIME } from "./open-registration.js";
import { checkPermissions, DEFAULT_PERMISSIONS, PUBLIC_PERMISSIONS, refuseFarReaching } from "./permissions.js";
import { newSecret } from "./secret.js";

/**
 * Who registers a client. `trusted`: who may give it permissions that reach other clients' tokens. `untrusted`: anyone
 * else, where the public URL is loopback. `stranger`: anyone else, where it is not: that client can only log users in.
 */
export type Registrant = "trusted" | "untrusted" | "stranger";

/**
 * Client metadata (RFC 7591 §2). Exactly one of `redirectUri` and `redirectUris`; neither is needed without the
 * permission `login`.
 */
export interface Registration {
  /** Required unless `isStandard`; then the default is the host of its first redirect URI. */
  name?: string | undefined;
  logoUri?: string | null | undefined;
  redirectUri?: string | undefined;
  redirectUris?: string[] | undefined;
  /** Default: what the permissions allow. */
  grantTypes?: GrantType[] | undefined;
  /** Default: token and code; code for a public client, and if `isStandard`. */
  responseTypes?: ResponseType[] | undefined;
  /** Default: client_secret_basic. */
  authMethod?: AuthMethod | undefined;
  jwks?: ClientJwks | undefined;
  jwksUri?: string | undefined;
  /** One of which a key signs. Default: RS256 if `isStandard` (OpenID Connect Registration §2), else the usual one. */
  idTokenAlg?: string | undefined;
  /** Default: `login` for a public client, DEFAULT_PERMISSIONS for any other, without those that it can't use. */
  permissions?: Permission[] | undefined;
  registrant: Registrant;
  /** The request is that of RFC 7591, not Authflow's own, whose clients mint. */
  isStandard?: boolean | undefined;
}

/** What the deployment says about registrations. */
export interface RegistrationRules {
  /** Those of which a key signs now. */
  readonly idTokenAlgorithms: readonly string[];
  /** Whether its public URL is loopback. */
  isLocal: boolean;
}

/** The client, and its secret, which is not stored; undefined if it authenticates without. Throws invalid_request. */
export function newClient(
  { name, logoUri = null, redirectUri, ...rest }: Registration,
  rules: RegistrationRules,
  now: number,
): { client: NewClient; secret: string | undefined } {
  const { redirectUris = redirectUri === undefined ? [] : [redirectUri], registrant, isStandard = false } = rest;
  const { authMethod = "client_secret_basic", grantTypes } = rest;
  const [jwks, jwksUri] = [rest.jwks ?? null, rest.jwksUri ?? null];
  const isStranger = registrant === "stranger";
  if (isStranger) refuseToStrangers(rest);
  const { responseTypes = authMethod === "none" || isStandard || isStranger ? ["code"] : [...RESPONSE_TYPES] } = rest;
  const asked = rest.permissions ?? (isStranger ? [...STRANGER_PERMISSIONS] : usualPermissions(authMethod, rest));
  if (isStandard && asked.includes("login") && redirectUris.length === 0)
    throw invalidRedirectUri("redirect_uris is missing: the grant authorization_code needs one"); // RFC 7591 §2
  const permissions = checkPermissions(asked, { authMethod, redirectUris });
  if (registrant !== "trusted") refuseFarReaching(permissions);
  if (redirectUri !== undefined && redirectUris[0] !== redirectUri)
    throw invalidRequest("Send redirect_uri or redirect_uris, not both");
  const shown = name ?? (isStandard ? nameFrom(redirectUris) : undefined);
  if (shown === undefined) throw invalidRequest("name is missing");
  checkNames({ name: shown, logoUri, redirectUris });
  checkKeys({ authMethod, jwks, jwksUri }, rules);
  const { idTokenAlg = isStandard && permissions.includes("login") ? "RS256" : null } = rest;
  if (rest.idTokenAlg !== undefined && !rules.idTokenAlgorithms.includes(rest.idTokenAlg))
    throw invalidRequest(`id_token_signed_response_alg must be ${rules.idTokenAlgorithms.join(" or ")}, or absent`);
  const holder = { authMethod, permissions, responseTypes };
  const secret = authMethod.startsWith("client_secret") ? newSecret() : undefined;
  const client: NewClient = {
    id: uuidv7(now),
    name: shown,
    logoUri: isStranger ? null : logoUri, // it could be the logo of another application
    redirectUris,
    secrets: secret === undefined ? [] : [{ hash: digest(secret), expiresAt: null }],
    authMethod,
    grantTypes: grantTypes === undefined ? defaultGrantTypes(holder) : checkGrantTypes(grantTypes, holder),
    jwks,
    jwksUri,
    idTokenAlg,
    isSelfRegistered: registrant !== "trusted",
    responseTypes,
    permissions,
    permissionsSince: now,
    policy: PERMISSIVE,
    disabled: false,
    expiresAt: isStranger ? now + UNUSED_LIFETIME : null,
    createdAt: now,
    updatedAt: now,
  };
  return { client, secret };
}

/** A standard client doesn't mint. One that names its grants without authorization_code logs nobody in. */
function usualPermissions(
  authMethod: AuthMethod,
  { grantTypes, isStandard = false }: Pick<Registration, "grantTypes" | "isStandard">,
): Permission[] {
  const logsIn = grantTypes?.includes("authorization_code") ?? true;
  return (authMethod === "none" ? PUBLIC_PERMISSIONS : DEFAULT_PERMISSIONS)
    .filter((one) => (one !== "login" || logsIn) && (one !== "mint" || !isStandard));
}

/** A name for the pages of a login. What looks like the host of a native application (RFC 8252 §7.1) is anybody's. */
function nameFrom([uri]: string[]): string {
  if (uri === undefined || !URL.canParse(uri)) return "unnamed";
  const { host, protocol } = new URL(uri);
  return (/^https?:$/.test(protocol) ? host : protocol.slice(0, -1)).slice(0, 100);
}
