/** Whether a URL's host is this machine. Connections to it need no TLS. */
export const isLoopback = (hostname: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
