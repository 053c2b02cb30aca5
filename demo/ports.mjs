const DEFAULTS = { authflow: 8080, app: 8081, api: 8082, provider: 8083 };
const variable = (part) => `DEMO_${part.toUpperCase()}_PORT`;

class PortError extends Error {}

/** The port of each part. Throws a PortError if a port in `env` is not valid, or if two parts have the same one. */
export function readPorts(env) {
  const ports = {};
  for (const [part, standard] of Object.entries(DEFAULTS)) {
    const value = env[variable(part)] || String(standard);
    if (!/^[1-9]\d{0,4}$/.test(value) || Number(value) > 65_535)
      throw new PortError(`${variable(part)} must be a port from 1 to 65535, not "${value}".`);
    const other = Object.keys(ports).find((name) => ports[name] === Number(value));
    if (other !== undefined)
      throw new PortError(`${variable(other)} and ${variable(part)} are both ${value}: choose another one for either.`);
    ports[part] = Number(value);
  }
  return ports;
}

const FAULTS = { EADDRINUSE: "is used by another program", EACCES: "is reserved for administrators" };

/** A message that says how to fix a problem with a port; undefined for other errors. */
export function explainPort(error) {
  if (error instanceof PortError) return error.message;
  if (error.syscall !== "listen" || FAULTS[error.code] === undefined) return undefined;
  const part = Object.entries(readPorts(process.env)).find(([, port]) => port === error.port)?.[0];
  return `Port ${error.port} ${FAULTS[error.code]}. Stop that program, or choose another port, for example:\n\n` +
    `  ${variable(part)}=${error.port + (error.port > 64_535 ? -1000 : 1000)} npm run demo\n`;
}
