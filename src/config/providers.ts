import { createPrivateKey } from "node:crypto";
import { parseClaimMap } from "../providers/claim-map.js";
import { LOCAL, UNNAMED } from "../providers/local.js";
import type { ProviderSettings } from "../providers/provider.js";
import { isNamedProvider, PROVIDER_NAMES } from "../providers/table.js";
import { TOKEN_AUTHENTICATIONS, type TokenAuthentication } from "../providers/upstream.js";
import { reservedClaim } from "../shared/claim-names.js";
import { isLoopback } from "../shared/loopback.js";

/** Reads one variable; `secret`: NAME_FILE may name a file that holds it. */
export type ReadVariable = (name: string, secret?: boolean) => string | undefined;

const NAME = /^[a-z][a-z0-9-]{0,31}$/;
const PRINTABLE = /^[!-~]+$/;
/** What follows an OpenID provider's prefix. Each of them is a variable. */
export const OPENID_SUFFIXES = [
  "ISSUER", "CLIENT_ID", "CLIENT_SECRET", "CLIENT_SECRET_FILE", "SCOPE", "DISCOVERY_URL", "TOKEN_AUTH", "AUTH_PARAMS",
  "CLAIMS",
] as const;
/** Parameters that Authflow sets itself (RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1). */
const OWN_PARAMETERS = [
  "client_id", "client_secret", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge",
  "code_challenge_method", "request", "request_uri",
];
/** Claims of Authflow's tokens that a provider's claims may become, although no client may set them. */
const MAPPABLE = ["email", "email_verified", "name", "picture"];

/**
 * The enabled providers: the platform's own login page, then those of the table in its order, then those of
 * AUTHFLOW_OIDC_PROVIDERS. Adds messages to `faults`.
 */
export function readProviders(read: ReadVariable, faults: string[]): ProviderSettings[] {
  const named = PROVIDER_NAMES.flatMap((name): ProviderSettings[] => {
    if (name === "apple") return readApple(read, faults);
    const prefix = name.toUpperCase();
    const credentials = readCredentials(prefix, read, faults);
    return credentials === undefined ? [] : [{ name, ...credentials, tenant: read(`${prefix}_TENANT`) }];
  });
  const names = openIdNames(read);
  const openId = names.flatMap((name) => readOpenIdProvider(name, names, read, faults));
  return [...readLoginPage(read, faults), ...named, ...openId];
}

function readLoginPage(read: ReadVariable, faults: string[]): ProviderSettings[] {
  const [loginPage, label] = [read("AUTHFLOW_LOGIN_URL"), read("AUTHFLOW_LOGIN_LABEL")];
  if (label !== undefined && loginPage === undefined)
    faults.push("AUTHFLOW_LOGIN_URL must be set, because AUTHFLOW_LOGIN_LABEL is");
  if (loginPage === undefined) return [];
  const name = label ?? read("AUTHFLOW_OPERATOR_NAME") ?? UNNAMED;
  return [{ name: LOCAL, clientId: "", clientSecret: "", loginPage, label: name }];
}

const APPLE_VARIABLES = ["APPLE_CLIENT_ID", "APPLE_TEAM_ID", "APPLE_KEY_ID", "APPLE_PRIVATE_KEY"] as const;

/** In place of a secret, Apple has a key that signs one. */
function readApple(read: ReadVariable, faults: string[]): ProviderSettings[] {
  const [clientId, teamId, keyId, pem] = APPLE_VARIABLES.map((name) => read(name, name === "APPLE_PRIVATE_KEY"));
  const present = APPLE_VARIABLES.filter((_, index) => [clientId, teamId, keyId, pem][index] !== undefined);
  if (present.length === 0) return [];
  const missing = APPLE_VARIABLES.filter((name) => !present.includes(name));
  faults.push(...missing.map((name) => `${name} must be set, because ${present[0]} is`));
  // In .env files, the line breaks of a PEM text are written as \n.
  const privateKey = pem?.replaceAll("\\n", "\n") ?? "";
  if (pem !== undefined && !isP256Key(privateKey))
    faults.push("APPLE_PRIVATE_KEY must be the .p8 file that Apple gave you: an EC private key in PEM");
  return [{
    name: "apple", clientId: clientId ?? "", clientSecret: "",
    signingKey: { teamId: teamId ?? "", keyId: keyId ?? "", privateKey },
  }];
}

function isP256Key(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyDetails?.namedCurve === "prime256v1";
  } catch {
    return false;
  }
}

/** The names in AUTHFLOW_OIDC_PROVIDERS, valid or not. */
export const openIdNames = (read: ReadVariable): string[] =>
  read("AUTHFLOW_OIDC_PROVIDERS")?.split(",").map((name) => name.trim()) ?? [];

function readOpenIdProvider(name: string, names: string[], read: ReadVariable, faults: string[]): ProviderSettings[] {
  const variable = openIdVariable(name);
  const faultsBefore = faults.length;
  const fault = (broken: boolean, message: string): void => { if (broken) faults.push(message); };
  fault(!NAME.test(name),
    `AUTHFLOW_OIDC_PROVIDERS must be names of a-z, 0-9 and -, separated by commas, not "${name}"`);
  fault(name === LOCAL,
    `AUTHFLOW_OIDC_PROVIDERS can't use the name ${LOCAL}: it is your own login page (AUTHFLOW_LOGIN_URL)`);
  fault(isNamedProvider(name), `AUTHFLOW_OIDC_PROVIDERS can't use the name ${name}: ` +
    `set ${name.toUpperCase()}_CLIENT_ID and ${name.toUpperCase()}_CLIENT_SECRET instead`);
  fault(names.filter((other) => openIdVariable(other) === variable).length > 1,
    `AUTHFLOW_OIDC_PROVIDERS names ${name} more than once`);
  if (faults.length > faultsBefore) return [];
  const issuer = read(`${variable}_ISSUER`);
  fault(issuer === undefined, `${variable}_ISSUER must be set, because AUTHFLOW_OIDC_PROVIDERS names ${name}`);
  fault(issuer !== undefined && !isProviderUrl(issuer, false),
    `${variable}_ISSUER must be an https URL without query and fragment (http only on a loopback host)`);
  const discoveryUrl = read(`${variable}_DISCOVERY_URL`);
  fault(discoveryUrl !== undefined && !isProviderUrl(discoveryUrl, true),
    `${variable}_DISCOVERY_URL must be an https URL without fragment (http only on a loopback host)`);
  const scope = read(`${variable}_SCOPE`);
  fault(scope !== undefined && !scope.split(" ").includes("openid"),
    `${variable}_SCOPE must be space-separated and include openid`);
  const tokenAuthentication = readTokenAuthentication(variable, read, faults);
  const credentials = readCredentials(variable, read, faults, tokenAuthentication === "none");
  fault(credentials === undefined && faults.length === faultsBefore,
    `${variable}_CLIENT_ID and ${variable}_CLIENT_SECRET must be set`);
  const authorizationParameters = readParameters(variable, read, faults);
  const claims = readClaims(variable, read, faults);
  return credentials === undefined ? []
    : [{ name, ...credentials, issuer, discoveryUrl, scope, tokenAuthentication, authorizationParameters, claims }];
}

/** `isPublic`: a client without a secret. */
function readCredentials(prefix: string, read: ReadVariable, faults: string[], isPublic = false) {
  const [id, secret] = [`${prefix}_CLIENT_ID`, `${prefix}_CLIENT_SECRET`];
  const [clientId, clientSecret] = [read(id), read(secret, true)];
  if (clientId === undefined && clientSecret === undefined) return undefined;
  if (clientId === undefined) faults.push(`${id} must be set, because ${secret} is`);
  if (clientSecret === undefined && !isPublic) {
    const isNamed = !prefix.startsWith("AUTHFLOW_OIDC_");
    const remedy = isNamed ? "" : `; for a client without a secret set ${prefix}_TOKEN_AUTH=none`;
    faults.push(`${secret} must be set, because ${id} is${remedy}`);
  }
  if (clientSecret !== undefined && isPublic)
    faults.push(`${secret} is not used, because ${prefix}_TOKEN_AUTH is none: keep one of them`);
  for (const [name, value] of [[id, clientId], [secret, clientSecret]] as const) {
    if (value !== undefined && !PRINTABLE.test(value))
      faults.push(`${name} must be printable characters without spaces`);
  }
  return { clientId: clientId ?? "", clientSecret: clientSecret ?? "" };
}

function readTokenAuthentication(
  variable: string,
  read: ReadVariable,
  faults: string[],
): TokenAuthentication | undefined {
  const value = read(`${variable}_TOKEN_AUTH`);
  const known = TOKEN_AUTHENTICATIONS.find((method) => method === value);
  if (value !== undefined && known === undefined)
    faults.push(`${variable}_TOKEN_AUTH must be one of ${TOKEN_AUTHENTICATIONS.join(", ")}`);
  return known;
}

/** Parameters of authorization requests, written as a query: `response_mode=form_post&hd=example.com`. */
function readParameters(variable: string, read: ReadVariable, faults: string[]): Record<string, string> | undefined {
  const name = `${variable}_AUTH_PARAMS`;
  const value = read(name);
  if (value === undefined) return undefined;
  const parameters = new URLSearchParams(value);
  const entries = [...parameters];
  const own = entries.find(([parameter]) => OWN_PARAMETERS.includes(parameter));
  const isQuery = entries.every(([parameter, text]) => /^[\w.:-]+$/.test(parameter) && text !== "");
  const isTwice = new Set(parameters.keys()).size < entries.length;
  const mode = parameters.get("response_mode") ?? "query";
  if (own !== undefined) faults.push(`${name} can't set ${own[0]}, because Authflow sets it`);
  if (!isQuery || isTwice)
    faults.push(`${name} must be parameters such as response_mode=form_post&hd=example.com, each once`);
  if (!["query", "form_post"].includes(mode)) faults.push(`${name}: response_mode must be query or form_post`);
  return Object.fromEntries(entries);
}

function readClaims(variable: string, read: ReadVariable, faults: string[]) {
  const name = `${variable}_CLAIMS`;
  const value = read(name);
  if (value === undefined) return undefined;
  try {
    const claims = parseClaimMap(value);
    const reserved = Object.keys(claims)
      .find((claim) => reservedClaim(claim) !== undefined && !MAPPABLE.includes(claim));
    if (reserved !== undefined)
      faults.push(`${name} can't set ${reserved}, because Authflow sets it: choose another name`);
    return claims;
  } catch (error) {
    faults.push(`${name} ${(error as Error).message}`);
    return undefined;
  }
}

/** The prefix of an OpenID provider's variables. */
export const openIdVariable = (name: string): string => `AUTHFLOW_OIDC_${name.toUpperCase().replaceAll("-", "_")}`;

function isProviderUrl(value: string, mayHaveQuery: boolean): boolean {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || url.hash + url.username + url.password !== "" || (url.search !== "" && !mayHaveQuery))
    return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}
