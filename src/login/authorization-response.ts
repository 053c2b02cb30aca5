import type { ResponseType } from "../clients/client.js";
import type { AuthflowError, Link } from "../shared/errors.js";
import type { TokenResponse } from "../tokens/issuer.js";
import type { ResponseMode } from "./pending-login.js";

/** Where an answer goes. `iss`: the issuer of the face that was asked, if that is a URL. */
export interface Address {
  redirectUri: string;
  responseType: ResponseType;
  responseMode: ResponseMode;
  state: string | undefined;
  /** Of a request at /authorize. */
  standard?: object | undefined;
}
/** What the browser gets: a redirect, or a form that it posts (OAuth 2.0 Form Post Response Mode §2). */
export type Answer = { location: string } | { action: string; fields: Record<string, string> };
type Parameters = Record<string, string | number>;

/** Builds the answers to the application. They contain the issuer as `iss`, if that is a URL (RFC 9207). */
export class AuthorizationResponse {
  readonly #issuer: Parameters;
  readonly #standardIssuer: string;

  /** `issuer` is that of /auth/{provider}, `standardIssuer` that of /authorize. */
  constructor({ issuer, standardIssuer }: { issuer: string; standardIssuer: string }) {
    this.#issuer = issuer === standardIssuer || URL.canParse(issuer) ? { iss: issuer } : {};
    this.#standardIssuer = standardIssuer;
  }

  /** RFC 6749 §4.2.2: in the fragment, which browsers do not send to servers. */
  token(address: Address, token: TokenResponse): Answer {
    return this.#answer(address, { ...token });
  }

  /** RFC 6749 §4.1.2 */
  code(address: Address, code: string): Answer {
    return this.#answer(address, { code });
  }

  /** RFC 6749 §4.1.2.1 and §4.2.2.1: in the same way as a token or a code. */
  error(address: Address, error: AuthflowError): Answer {
    return this.#answer(address, parametersOf(error));
  }

  /** The same for a person who wants to go back: a link, or a button where the answer is a form. */
  errorLink(address: Address, error: AuthflowError, text: string): Link {
    const answer = this.error(address, error);
    return { text, quiet: true, ...("location" in answer ? { href: answer.location } : answer) };
  }

  #answer(address: Address, parameters: Parameters): Answer {
    const all = this.#all(address, parameters);
    if (address.responseMode !== "form_post")
      return { location: this.#url(address, address.responseMode === "fragment" ? "#" : "?", all) };
    const fields = Object.entries(all).map(([name, value]) => [name, String(value)]);
    return { action: address.redirectUri, fields: Object.fromEntries(fields) as Record<string, string> };
  }

  #all({ state, standard }: Address, parameters: Parameters): Parameters {
    const issuer = standard === undefined ? this.#issuer : { iss: this.#standardIssuer };
    return { ...parameters, ...(state !== undefined && { state }), ...issuer };
  }

  #url({ redirectUri }: Address, separator: "?" | "#", all: Parameters): string {
    const query = new URLSearchParams(Object.entries(all).map(([name, value]) => [name, String(value)])).toString()
      .replaceAll("+", "%20"); // many parse a fragment with decodeURIComponent, which leaves a plus as it is
    // Concatenated, because a URL parser could change the registered URI. A registered URI has no fragment.
    if (separator === "#") return `${redirectUri}#${query}`;
    // A redirect without a fragment inherits that of the URL before it (RFC 9110 §10.2.2), such as Facebook's "#_=_" or
    // an attacker's "#access_token=…". An empty one of its own prevents that.
    return `${redirectUri}${redirectUri.includes("?") ? "&" : "?"}${query}#`;
  }
}

const parametersOf = ({ code, message }: AuthflowError): Parameters => ({
  error: code,
  // The RFC allows no other characters in error_description.
  error_description: message.replace(/[^\x20-\x21\x23-\x5B\x5D-\x7E]/g, "'"),
});
