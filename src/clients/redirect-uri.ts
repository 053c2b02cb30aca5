import { invalidRedirectUri } from "../shared/errors.js";
import { isLoopback } from "../shared/loopback.js";
import type { Client } from "./client.js";

export const REDIRECT_URI_MAX = 2048;

/**
 * Whether `requested` equals a registered URI character by character. The port of a loopback address may differ,
 * because a native application gets its port only when it runs (RFC 8252 §7.3). Most MCP clients say localhost instead:
 * it may have any port too, for public clients, which native applications are (RFC 9700 §4.1.3).
 */
export const isRegistered = (
  { redirectUris, authMethod }: Pick<Client, "redirectUris" | "authMethod">,
  requested: string,
): boolean => redirectUris.some((registered) => {
  if (requested === registered) return true;
  const [a, b] = [LOOPBACK.exec(registered)?.groups, LOOPBACK.exec(requested)?.groups];
  if (a === undefined || a.host !== b?.host || a.rest !== b?.rest) return false;
  return a.host !== "localhost" || authMethod === "none";
});
const LOOPBACK = /^http:\/\/(?<host>127\.0\.0\.1|\[::1\]|localhost)(?::\d{1,5})?(?<rest>(?:[/?].*)?)$/;

/**
 * Throws invalid_redirect_uri unless the URI may be registered. It must be absolute, without fragment (RFC 6749 §3.1.2)
 * and user-info. Its scheme must be https, http on a loopback host (RFC 8252 §7.3), or an application's own (§7.1).
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
  if (!isOwnScheme(scheme, uri)) {
    refuse("must use https, http on a loopback host, or an application's own scheme such as " +
      `com.example.app:/callback or example-app://host/callback, not ${scheme}:`);
  }
}

/**
 * Whether an application can have the scheme for itself. RFC 8252 §7.1 wants a domain name in reverse order. Common
 * applications, such as editors that are MCP clients, have a word instead (`cursor://…/callback`): it needs a host, as
 * theirs have, which `javascript:alert(1)` and most of its kind have not.
 */
const isOwnScheme = (scheme: string, uri: string): boolean =>
  !TAKEN_FAMILY.test(scheme) && !TAKEN.has(scheme)
    && (scheme.includes(".") || /^[a-z][a-z0-9+-]+:\/\/[a-z0-9]/i.test(uri));

/** Schemes that a browser or an operating system has a use for: they get no code, and no redirect starts programs. */
const TAKEN = new Set([
  // content of a page, or code in it
  "javascript", "livescript", "mocha", "vbscript", "data", "blob", "file", "filesystem", "about", "resource", "res",
  "jar", "wyciwyg", "cid", "mid", "mhtml", "feed", "rss", "ws", "wss", "ftp", "ftps", "sftp", "gopher", "wais",
  // other protocols and the programs for them
  "ssh", "telnet", "rlogin", "tn3270", "ldap", "ldaps", "smb", "cifs", "nfs", "afp", "dav", "davs", "tftp", "rsync",
  "rdp", "vnc", "imap", "imaps", "pop", "pop3", "smtp", "nntp", "news", "snews", "irc", "ircs", "xmpp", "sip", "sips",
  "h323", "stun", "stuns", "turn", "turns", "rtsp", "rtsps", "rtmp", "mms", "coap", "coaps", "mqtt", "amqp", "dns",
  "git", "svn", "magnet", "ed2k", "bitcoin", "ethereum", "ipfs", "ipns", "urn", "tag",
  // persons, places, shops and settings
  "mailto", "tel", "sms", "smsto", "mmsto", "callto", "facetime", "facetime-audio", "geo", "maps", "webcal", "market",
  "intent", "shell", "prefs", "app-prefs", "cmd", "powershell", "wscript", "hcp", "help", "search", "steam", "otpauth",
]);
/** Those of which there are many: chrome-extension, moz-extension, ms-settings, view-source, web+anything. */
const TAKEN_FAMILY = new RegExp("^(chrome|chromium|edge|brave|opera|vivaldi|moz|firefox|safari|webkit|ms|microsoft|" +
  "x-apple|itms|android|view|search|web)\\b");
