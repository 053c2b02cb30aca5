import { nearestOf } from "../shared/nearest.js";
import { OPENID_SUFFIXES, openIdVariable } from "./providers.js";

type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = "AUTHFLOW_";
const OPENID_PREFIX = "AUTHFLOW_OIDC_";
const OPENID_VARIABLE = new RegExp(`^AUTHFLOW_OIDC_(\\w+?)_(${OPENID_SUFFIXES.join("|")})$`);
/** What the verifiers in examples/ read: a shell that runs one of them may start the service too. */
const VERIFIER_VARIABLES = [
  "AUTHFLOW_URL", "AUTHFLOW_AUDIENCE", "AUTHFLOW_CLIENT_ID", "AUTHFLOW_CLIENT_SECRET", "AUTHFLOW_REFETCH_AFTER",
  "AUTHFLOW_RECONNECT_WITHIN", "AUTHFLOW_STALE_AFTER", "AUTHFLOW_WHEN_STALE",
];
/** Variables that Kubernetes sets in every pod for a Service called authflow or authflow-<something>. */
const SERVICE_VARIABLE = /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/;
const SERVICE_ADDRESS = /^(tcp|udp|sctp):\/\//;

/**
 * A fault for each variable of `env` that begins with AUTHFLOW_ and is not a setting. Otherwise a misspelt setting
 * would silently keep its default. `settings` are the known names; `providers` are the names in
 * AUTHFLOW_OIDC_PROVIDERS, each of which adds further settings. An empty variable counts as not set.
 */
export function unknownVariables(
  env: Environment,
  settings: readonly string[],
  providers: readonly string[],
): string[] {
  const known = [...settings, ...providers.flatMap(variablesOf)];
  return Object.entries(env)
    .filter(([name]) => name.startsWith(PREFIX) && !known.includes(name) && !VERIFIER_VARIABLES.includes(name))
    .filter(([name, value]) => !isOfKubernetes(name, value))
    .filter(([, value]) => value?.trim())
    .map(([name]) => {
      const [, provider, part] = OPENID_VARIABLE.exec(name) ?? [];
      if (provider !== undefined && part !== undefined) return unknownProvider(name, provider, part, providers);
      const prefix = name.startsWith(OPENID_PREFIX) ? OPENID_PREFIX : PREFIX;
      const nearest = likely(name, known.filter((one) => prefix === PREFIX || one.startsWith(prefix)), prefix);
      return `${name} is not a setting: ${nearest ? `did you mean ${nearest}?` : "remove it, or check its spelling"}`;
    });
}

function unknownProvider(name: string, provider: string, part: string, providers: readonly string[]): string {
  const nearest = likely(OPENID_PREFIX + provider, providers.map(openIdVariable), OPENID_PREFIX);
  if (nearest !== undefined) return `${name} is not a setting: did you mean ${nearest}_${part}?`;
  const missing = provider.toLowerCase().replaceAll("_", "-");
  return `${name} has no effect, because AUTHFLOW_OIDC_PROVIDERS does not name ${missing}: add it there`;
}

const variablesOf = (provider: string): string[] =>
  OPENID_SUFFIXES.map((suffix) => `${openIdVariable(provider)}_${suffix}`);

const isOfKubernetes = (name: string, value = ""): boolean =>
  SERVICE_VARIABLE.test(name) || (name.endsWith("_PORT") && SERVICE_ADDRESS.test(value));

/** The setting that `name` probably means, if it is one of `candidates`, which begin with `prefix` as it does. */
function likely(name: string, candidates: readonly string[], prefix: string): string | undefined {
  const withoutFile = name.replace(/_FILE$/, ""); // _FILE is valid for secrets only
  return candidates.includes(withoutFile) ? withoutFile : nearestOf(name, candidates, prefix);
}
