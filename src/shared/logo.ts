import { isLoopback } from "./loopback.js";

export const LOGO_URL_MAX = 2048;
export const LOGO_RULE = `an https URL of an image, at most ${LOGO_URL_MAX} printable ASCII characters ` +
  "(http on a loopback host only)";

/** Whether a page may show the image at this URL, by LOGO_RULE. */
export function isLogoUrl(url: string): boolean {
  if (url.length > LOGO_URL_MAX || !/^[!-~]+$/.test(url) || !URL.canParse(url)) return false;
  const { protocol, hostname, username, password } = new URL(url);
  return username + password === "" && (protocol === "https:" || (protocol === "http:" && isLoopback(hostname)));
}
