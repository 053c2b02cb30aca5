import { isLoopback } from "./loopback.js";

export const LOGIN_URL_MAX = 2048;
export const LOGIN_URL_RULE = `an https URL without fragment, at most ${LOGIN_URL_MAX} printable ASCII characters ` +
  "(http on a loopback host only)";

/** Whether users may be sent to the login page at this URL, by LOGIN_URL_RULE. */
export function isLoginUrl(url: string): boolean {
  if (url.length > LOGIN_URL_MAX || !/^[!-~]+$/.test(url) || url.includes("#") || !URL.canParse(url)) return false;
  const { protocol, hostname, username, password } = new URL(url);
  return username + password === "" && (protocol === "https:" || (protocol === "http:" && isLoopback(hostname)));
}
