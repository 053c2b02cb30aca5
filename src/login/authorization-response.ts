import type { ResponseType } from "../clients/client.js";
import type { AuthflowError } from "../shared/errors.js";
import type { TokenResponse } from "../tokens/issuer.js";

interface Address { redirectUri: string; responseType: ResponseType; state: string | undefined }
type Parameters = Record<string, string | number>;

/** Builds the URLs that redirect to the application. If the issuer is a URL, they contain it as `iss` (RFC 9207). */
export class AuthorizationResponse {
  readonly #issuer: Parameters;

  constructor(issuer: string) {
    this.#issuer = URL.canParse(issuer) ? { iss: issuer } : {};
  }

  /** RFC 6749 §4.2.2: in the fragment, which browsers do not send to servers. */
  token(address: Address, token: TokenResponse): string {
    return this.#append(address, "#", { ...token });
  }

  /** RFC 6749 §4.1.2 */
  code(address: Address, code: string): string {
    return this.#append(address, "?", { code });
  }

  /** RFC 6749 §4.1.2.1 and §4.2.2.1: in the same part of the URL as a token or a code. */
  error(address: Address, { code, message }: AuthflowError): string {
    // The RFC allows no other characters in error_description.
    const description = message.replace(/[^\x20-\x21\x23-\x5B\x5D-\x7E]/g, "'");
    const separator = address.responseType === "token" ? "#" : "?";
    return this.#append(address, separator, { error: code, error_description: description });
  }

  #append({ redirectUri, state }: Address, separator: "?" | "#", parameters: Parameters): string {
    const all = { ...parameters, ...(state !== undefined && { state }), ...this.#issuer };
    const query = new URLSearchParams(Object.entries(all).map(([name, value]) => [name, String(value)])).toString()
      .replaceAll("+", "%20"); // many parse a fragment with decodeURIComponent, which leaves a plus as it is
    // Concatenated, because a URL parser could change the registered URI. A registered URI has no fragment.
    if (separator === "#") return `${redirectUri}#${query}`;
    // A redirect without a fragment inherits that of the URL before it (RFC 9110 §10.2.2), such as Facebook's "#_=_" or
    // an attacker's "#access_token=…". An empty one of its own prevents that.
    return `${redirectUri}${redirectUri.includes("?") ? "&" : "?"}${query}#`;
  }
}
