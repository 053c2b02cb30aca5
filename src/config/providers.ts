import { isLoopback } from "../shared/loopback.js";
import type { ProviderSettings } from "../providers/provider.js";
import { isNamedProvider, PROVIDER_NAMES } from "../providers/table.js";

/** Reads one variable; `secret`: NAME_FILE may name a file that holds it. */
export type ReadVariable = (name: string, secret?: boolean) => string | undefined;

const NAME = /^[a-z][a-z0-9-]{0,31}$/;
const PRINTABLE = /^[!-~]+$/;

/** The enabled providers, in the order of the table, then of AUTHFLOW_OIDC_PROVIDERS. Adds messages to `faults`. */
export function readProviders(read: ReadVariable, faults: string[]): ProviderSettings[] {
  const named = PROVIDER_NAMES.flatMap((name) => {
    const prefix = name.toUpperCase();
    const credentials = readCredentials(prefix, read, faults);
    return credentials === undefined ? [] : [{ name, ...credentials, tenant: read(`${prefix}_TENANT`) }];
  });
  const names = openIdNames(read);
  return [...named, ...names.flatMap((name) => readOpenIdProvider(name, names, read, faults))];
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
  fault(isNamedProvider(name), `AUTHFLOW_OIDC_PROVIDERS can't use the name ${name}: ` +
    `set ${name.toUpperCase()}_CLIENT_ID and ${name.toUpperCase()}_CLIENT_SECRET instead`);
  fault(names.filter((other) => openIdVariable(other) === variable).length > 1,
    `AUTHFLOW_OIDC_PROVIDERS names ${name} more than once`);
  if (faults.length > faultsBefore) return [];
  const issuer = read(`${variable}_ISSUER`);
  fault(issuer === undefined, `${variable}_ISSUER must be set, because AUTHFLOW_OIDC_PROVIDERS names ${name}`);
  fault(issuer !== undefined && !isIssuer(issuer),
    `${variable}_ISSUER must be an https URL without query and fragment (http only on a loopback host)`);
  const scope = read(`${variable}_SCOPE`);
  fault(scope !== undefined && !scope.split(" ").includes("openid"),
    `${variable}_SCOPE must be space-separated and include openid`);
  const credentials = readCredentials(variable, read, faults);
  fault(credentials === undefined && faults.length === faultsBefore,
    `${variable}_CLIENT_ID and ${variable}_CLIENT_SECRET must be set`);
  return credentials === undefined ? [] : [{ name, ...credentials, issuer, scope }];
}

function readCredentials(prefix: string, read: ReadVariable, faults: string[]) {
  const [id, secret] = [`${prefix}_CLIENT_ID`, `${prefix}_CLIENT_SECRET`];
  const [clientId, clientSecret] = [read(id), read(secret, true)];
  if (clientId === undefined && clientSecret === undefined) return undefined;
  if (clientId === undefined) faults.push(`${id} must be set, because ${secret} is`);
  if (clientSecret === undefined) faults.push(`${secret} must be set, because ${id} is`);
  for (const [name, value] of [[id, clientId], [secret, clientSecret]] as const) {
    if (value !== undefined && !PRINTABLE.test(value))
      faults.push(`${name} must be printable characters without spaces`);
  }
  return { clientId: clientId ?? "", clientSecret: clientSecret ?? "" };
}

/** The prefix of an OpenID provider's variables. */
export const openIdVariable = (name: string): string => `AUTHFLOW_OIDC_${name.toUpperCase().replaceAll("-", "_")}`;

function isIssuer(value: string): boolean {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || url.search + url.hash + url.username + url.password !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}
