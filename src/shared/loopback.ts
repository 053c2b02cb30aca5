/** Whether a URL's host, or an address to listen on, is this machine. Connections to it need no TLS. */
export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[::1\]|::1)$/.test(host);

/**
 * Whether `authority` (a host with or without a port, as in a URL) is a name that nobody outside this machine and its
 * containers can give to an address: loopback, or a name without a dot.
 */
export function isLocalAuthority(authority: string): boolean {
  const url = `http://${authority}`;
  if (!URL.canParse(url)) return false;
  const { hostname, host } = new URL(url);
  return host === authority.toLowerCase().replace(/:80$/, "")
    && (isLoopback(hostname) || /^[^.:]+$/.test(hostname) || hostname.endsWith(".localhost"));
}

/** Whether an IP address is this machine's own; undefined is a connection without one. */
export const isLoopbackAddress = (address: string | undefined): boolean =>
  /^((::ffff:)?127(\.\d{1,3}){3}|::1)$/i.test(address ?? "");
