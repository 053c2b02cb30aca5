import { invalidRedirectUri } from "../shared/errors.js";
import { isLoopback } from "../shared/loopback.js";

export const REDIRECT_URI_MAX = 2048;

/**
 * Whether `requested` equals a registered URI character by character. The port of a loopback address may differ,
 * because a native application gets its port only when it runs (RFC 8252 §7.3).
 */
export const isRegistered = (redirectUris: readonly string[], requested: string): boolean =>
  redirectUris.some((registered) => {
    if (requested === registered) return true;
    const [a, b] = [LOOPBACK_ADDRESS.exec(registered), LOOPBACK_ADDRESS.exec(requested)];
    return a !== null && b !== null && a[1] === b[1] && a[2] === b[2];
  });
const LOOPBACK_ADDRESS = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]))(?::\d{1,5})?((?:[/?].*)?)$/;

/**
 * Throws invalid_redirect_uri unless the URI may be registered. It must be absolute, without fragment (RFC 6749 §3.1.2)
 * and user-info. Its scheme must be https, http on a loopback host (RFC 8252 §7.3), or private-use with a dot (§7.1).
 */
export function checkRedirectUri(uri: string): void {
  const refuse = (reason: string): never => { throw invalidRedirectUri(`redirect_uri ${reason}`); };
  if (uri.length > REDIRECT_URI_MAX) refuse(`must be at most ${REDIRECT_URI_MAX} characters`);
  // URL parsers remove tabs and line breaks and change \ to /. Attackers use that to make checks see another URL.
  if (!/^[!-[\]-~]+$/.test(uri))
    refuse("must be printable ASCII without spaces and backslashes (percent-encode others)");
  const url = URL.canParse(uri)
    ? new URL(uri)
    : refuse("must be an absolute URI such as https://app.example.com/callback");
  if (uri.includes("#")) refuse("must not have a fragment (#…)");
  if (url.username !== "" || url.password !== "" || /^[^/]*\/\/[^/?]*@/.test(uri))
    refuse("must not carry user-info (user@host)");
  const scheme = url.protocol.slice(0, -1);
  if (scheme === "https" || scheme === "http") {
    if (!/^https?:\/\/[^/]/i.test(uri)) refuse("must have a host after //");
    if (scheme === "http" && !isLoopback(url.hostname))
      refuse("must use https unless its host is localhost, 127.0.0.1 or [::1]");
    return;
  }
  if (!scheme.includes("."))
    refuse(
      "must use https, or a private-use scheme in reverse domain order such as com.example.app:/callback, " +
        `not ${scheme}:`,
    );
}
