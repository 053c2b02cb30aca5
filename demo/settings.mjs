const DEFAULTS = { authflow: 8080, app: 8081, api: 8082, provider: 8083, login: 8084 };
const variable = (part) => `DEMO_${part.toUpperCase()}_PORT`;

/** A variable is missing or not valid. The message says how to fix it. */
class SettingError extends Error {}

/** The port of each part. Throws a SettingError if a port in `env` is not valid, or if two parts have the same one. */
export function readPorts(env) {
  const ports = {};
  for (const [part, standard] of Object.entries(DEFAULTS)) {
    const value = env[variable(part)] || String(standard);
    if (!/^[1-9]\d{0,4}$/.test(value) || Number(value) > 65_535)
      throw new SettingError(`${variable(part)} must be a port from 1 to 65535, not "${value}".`);
    const other = Object.keys(ports).find((name) => ports[name] === Number(value));
    if (other !== undefined)
      throw new SettingError(
        `${variable(other)} and ${variable(part)} are both ${value}: choose another one for either.`);
    ports[part] = Number(value);
  }
  return ports;
}

const FAULTS = { EADDRINUSE: "is used by another program", EACCES: "is reserved for administrators" };

const [ID, SECRET, REDIRECT_URI] = ["CLIENT_ID", "CLIENT_SECRET", "REDIRECT_URI"]
  .map((name) => `DEMO_PROVIDER_${name}`);

/**
 * The metadata of the person's own client at the provider (OpenID Connect Registration §2); undefined if there is none.
 * Without a secret it is public. Throws a SettingError if a variable is missing or not valid.
 */
export function readOwnClient({ [ID]: id, [SECRET]: secret, [REDIRECT_URI]: uri }) {
  if (!id && !secret && !uri) return undefined;
  if (!id || !uri)
    throw new SettingError(`${ID} and ${REDIRECT_URI} belong together: set ${id ? REDIRECT_URI : ID} too.`);
  for (const [name, value] of Object.entries({ [ID]: id, [SECRET]: secret ?? "" }))
    if (!/^[\x20-\x7e]*$/.test(value)) throw new SettingError(`${name} takes letters, digits and signs of ASCII only.`);
  if (!/^https?:\/\//i.test(uri) || !URL.canParse(uri) || uri.includes("#"))
    throw new SettingError(`${REDIRECT_URI} must be an http or https URL without a fragment (#), not "${uri}".`);
  const authentication = secret ? { client_secret: secret } : { token_endpoint_auth_method: "none" };
  return { client_id: id, redirect_uris: [uri], ...authentication };
}

/** A message that says how to fix a problem with a setting; undefined for other errors. */
export function explain(error) {
  if (error instanceof SettingError) return error.message;
  if (error.syscall !== "listen" || FAULTS[error.code] === undefined) return undefined;
  const part = Object.entries(readPorts(process.env)).find(([, port]) => port === error.port)?.[0];
  return `Port ${error.port} ${FAULTS[error.code]}. Stop that program, or choose another port, for example:\n\n` +
    `  ${variable(part)}=${error.port + (error.port > 64_535 ? -1000 : 1000)} npm run demo\n`;
}
