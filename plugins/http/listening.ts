import { once } from "node:events";
import { lstatSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import type { FastifyInstance } from "fastify";
import { type Config, ConfigError } from "../../src/config/config.js";

/** Listens where HOST and PORT say. Rejects with what to change. */
export async function listen(app: FastifyInstance, { host, port, socketPath }: Config): Promise<void> {
  try {
    if (socketPath === undefined) return void await app.listen({ host, port });
    await removeStale(socketPath);
    // Whoever is in front has no address there. It counts as this machine, which AUTHFLOW_TRUST_PROXY can name.
    app.server.on("connection", (socket) => {
      Object.defineProperty(socket, "remoteAddress", { value: "127.0.0.1" });
    });
    await app.listen({ path: socketPath, readableAll: true, writableAll: true }); // its folder decides who may
  } catch (error) {
    throw addressFault(error, { host, port, socketPath }) ?? error;
  }
}

/** After `kill -9` the file of the socket is left, at which nobody listens. Throws if it is a file of another kind. */
async function removeStale(path: string): Promise<void> {
  const file = lstatSync(path, { throwIfNoEntry: false });
  if (file === undefined) return;
  if (!file.isSocket())
    throw new ConfigError([`HOST ${path} is the name of a file that is no socket: name a path where nothing is`]);
  const socket = connect(path);
  const code = await once(socket, "connect").then(() => "", ({ code = "" }: NodeJS.ErrnoException) => code);
  socket.destroy();
  if (code === "ECONNREFUSED") unlinkSync(path);
}

/** The error with the setting to change if the service can't listen; undefined for any other error. */
function addressFault(
  error: unknown,
  { host, port, socketPath }: Pick<Config, "host" | "port" | "socketPath">,
): ConfigError | undefined {
  const { code = "" } = error as NodeJS.ErrnoException;
  const remedy = "set HOST to an address of this machine, to 0.0.0.0 for all of them, or to :: for those of IPv6 too";
  const ofHost: Record<string, string> = {
    EADDRINUSE: `PORT ${port} is in use on ${host} (EADDRINUSE): end the program that uses it, or set another PORT`,
    EACCES: `PORT ${port} is reserved for administrators (EACCES): set a PORT of 1024 or more`,
    EADDRNOTAVAIL: `HOST ${host} is not an address of this machine (EADDRNOTAVAIL): ${remedy}`,
    EAFNOSUPPORT: `HOST ${host} is of a family that this machine does not have (EAFNOSUPPORT): ${remedy}`,
    ENOTFOUND: `HOST ${host} is a name without an address (ENOTFOUND): ${remedy}`,
    EAI_AGAIN: `HOST ${host} is a name that DNS can't resolve now (EAI_AGAIN): ${remedy}`,
  };
  const ofSocket: Record<string, string> = {
    EADDRINUSE: `HOST ${socketPath} is in use (EADDRINUSE): end the program that listens there, or name another path`,
    EACCES: `HOST ${socketPath} can't be made (EACCES): name a path in a folder that exists and this user may write`,
    EINVAL: `HOST ${socketPath} can't be made (EINVAL): name a shorter path, of about 100 characters at most`,
  };
  ofSocket.ENOENT = ofSocket.ENOTDIR = ofSocket.EACCES as string;
  const fault = (socketPath === undefined ? ofHost : ofSocket)[code];
  return fault === undefined ? undefined : new ConfigError([fault]);
}
