import { hash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { seal, unseal } from "../keys/sealing.js";
import type { TokenResponse } from "../tokens/issuer.js";
import type { RequestedPart } from "./granted-part.js";
import type { PresentedRefreshToken } from "./refresh-token-text.js";

/** What the exchange of a refresh token was asked for, and its answer. */
interface Answered { asked: RequestedPart; response: TokenResponse }

/** Who reads the database, which knows digests only, learns no token from an answer. */
const keyOf = ({ text }: PresentedRefreshToken): Buffer => hash("sha256", `refresh answer ${text}`, "buffer");

/** Opens only with the refresh token that was exchanged. */
export const sealAnswer = (token: PresentedRefreshToken, answered: Answered): string =>
  seal(keyOf(token), token.id, Buffer.from(JSON.stringify(answered)));

/** `isSame`: it answers the same request. */
export function openAnswer(
  token: PresentedRefreshToken,
  sealed: string,
  { scope, resources }: RequestedPart,
): { isSame: boolean; response: TokenResponse } {
  const { asked, response } = JSON.parse(unseal(keyOf(token), token.id, sealed).toString()) as Answered;
  return { isSame: isDeepStrictEqual([asked.scope, asked.resources], [scope, resources]), response };
}
