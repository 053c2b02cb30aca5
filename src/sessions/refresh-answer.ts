import { isDeepStrictEqual } from "node:util";
import { keyFromSecret, sealJson, unsealJson } from "../keys/sealing.js";
import type { TokenResponse } from "../tokens/issuer.js";
import type { RequestedPart } from "./granted-part.js";
import type { PresentedRefreshToken } from "./refresh-token-text.js";

/** What the exchange of a refresh token was asked for, and its answer. */
interface Answered { asked: RequestedPart; response: TokenResponse }

const keyOf = ({ text }: PresentedRefreshToken): Buffer => keyFromSecret("refresh answer", text);

/** Opens only with the refresh token that was exchanged. */
export const sealAnswer = (token: PresentedRefreshToken, answered: Answered): string =>
  sealJson(keyOf(token), token.id, answered);

/** `isSame`: it answers the same request. Throws if the answer was not sealed with this token. */
export function openAnswer(
  token: PresentedRefreshToken,
  sealed: string,
  { scope, resources }: RequestedPart,
): { isSame: boolean; response: TokenResponse } {
  const answered = unsealJson<Answered>([keyOf(token)], token.id, sealed);
  if (answered === undefined) throw new Error("The stored answer of a refresh token was altered");
  const { asked, response } = answered;
  return { isSame: isDeepStrictEqual([asked.scope, asked.resources], [scope, resources]), response };
}
