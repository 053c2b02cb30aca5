import type { AccessTokenClaims } from "./claims.js";

const UUIDV7 = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/**
 * When a token was issued (epoch ms). A UUIDv7 `jti` (RFC 9562 §5.7) that agrees with `iat` gives the millisecond.
 * Otherwise it is the beginning of the second `iat`: tokens that another service signed with an imported key may have
 * another kind of `jti`.
 */
export function issuedAtMs({ jti, iat }: Pick<AccessTokenClaims, "jti" | "iat">): number {
  const instant = instantOf(jti);
  return Math.floor(instant / 1000) === iat ? instant : iat * 1000;
}

/** The instant (epoch ms) in a UUIDv7; NaN if it is none. */
export function instantOf(jti: string): number {
  const [, high, low] = UUIDV7.exec(jti) ?? [];
  return high === undefined ? NaN : Number.parseInt(high + low, 16);
}
