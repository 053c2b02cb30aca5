import type { AccessTokenClaims } from "./claims.js";

const UUIDV7 = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/**
 * When a token was issued (epoch ms): to the millisecond by a UUIDv7 `jti` (RFC 9562 §5.7) that agrees with `iat`, else
 * the earliest instant that `iat`, which is whole seconds, allows. Tokens of the reference service have another `jti`.
 */
export function issuedAtMs({ jti, iat }: Pick<AccessTokenClaims, "jti" | "iat">): number {
  const [, high, low] = UUIDV7.exec(jti) ?? [];
  const instant = high === undefined ? NaN : Number.parseInt(high + low, 16);
  return Math.floor(instant / 1000) === iat ? instant : iat * 1000;
}
