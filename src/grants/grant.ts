import type { Client } from "../clients/client.js";
import type { TokenResponse } from "../tokens/issuer.js";

/** The form of POST /token (RFC 6749 §3.2), unchecked but for being texts that come once. */
export type TokenParameters = Readonly<Record<string, string | undefined>>;

/** One way to obtain a token at POST /token; the client has authenticated, or named itself where it is public. */
export type Grant = (client: Client, parameters: TokenParameters) => Promise<TokenResponse>;
