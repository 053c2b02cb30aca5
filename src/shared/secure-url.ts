import { isLoopback } from "./loopback.js";

const MAX = 2048;
/** What `isSecureUrl` accepts, after a description of the URL. */
export const SECURE_URL_RULE = `at most ${MAX} printable ASCII characters (http on a loopback host only)`;

/** Whether browsers may be sent to this URL, or load what is there: nobody on the way can read or change it. */
export function isSecureUrl(text: string): boolean {
  if (text.length > MAX || !/^[!-~]+$/.test(text) || !URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  return username + password === "" && (protocol === "https:" || (protocol === "http:" && isLoopback(hostname)));
}
