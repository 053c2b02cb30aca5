import { networkInterfaces } from "node:os";

/** Where the service listens: HOST is a host name, an IP address (IPv6 also in brackets) or a path. */
export interface Host {
  host: string;
  /** The path of a Unix socket instead. */
  socketPath: string | undefined;
}

export function parseHost(text: string): Host {
  const socketPath = /^(?:unix:)?(\/.*)$/.exec(text)?.[1];
  return { host: text.replace(/^\[(.*)\]$/, "$1"), socketPath };
}

/** All addresses of this machine. A machine without IPv4 would not be reached at 0.0.0.0. */
export function anyAddress(interfaces = networkInterfaces()): "0.0.0.0" | "::" {
  const outward = Object.values(interfaces).flatMap((addresses = []) => addresses.filter(({ internal }) => !internal));
  return outward.length > 0 && outward.every(({ family }) => family === "IPv6") ? "::" : "0.0.0.0";
}
