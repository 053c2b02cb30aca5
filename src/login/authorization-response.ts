import type { ResponseType } from "../clients/client.js";
import type { AuthflowError } from "../shared/errors.js";
import type { TokenResponse } from "../tokens/issuer.js";

interface Address { redirectUri: string; responseType: ResponseType; state: string | undefined }
type Parameters = Record<string, string | number>;

/** Makes the URLs that lead back to the application. `issuer`: RFC 9207 iss, where the issuer is a URL. */
export class AuthorizationResponse {
  readonly #issuer: Parameters;

  constructor(issuer: string) {
    this.#issuer = URL.canParse(issuer) ? { iss: issuer } : {};
  }

  /** RFC 6749 §4.2.2: in the fragment, which no server sees. */
  token(address: Address, token: TokenResponse): string {
    return this.#append(address, "#", { ...token });
  }

  /** RFC 6749 §4.1.2 */
  code(address: Address, code: string): string {
    return this.#append(address, "?", { code });
  }

  /** RFC 6749 §4.1.2.1 and §4.2.2.1: where the result would have stood. */
  error(address: Address, { code, message }: AuthflowError): string {
    // What the RFC leaves out of error_description would have to be escaped by whoever shows it.
    const description = message.replace(/[^\x20-\x21\x23-\x5B\x5D-\x7E]/g, "'");
    return this.#append(address, address.responseType === "token" ? "#" : "?", { error: code, error_description: description });
  }

  #append({ redirectUri, state }: Address, separator: "?" | "#", parameters: Parameters): string {
    const all = { ...parameters, ...(state !== undefined && { state }), ...this.#issuer };
    const query = new URLSearchParams(Object.entries(all).map(([name, value]) => [name, String(value)])).toString();
    // As text: a URL parser would rewrite what was registered. A registered URI has no fragment.
    return `${redirectUri}${separator === "?" && redirectUri.includes("?") ? "&" : separator}${query}`;
  }
}
