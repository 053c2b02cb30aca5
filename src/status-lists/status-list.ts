import { promisify } from "node:util";
import { constants, deflate } from "node:zlib";

/**
 * Entries of a list. At one bit each, a list has 16 KiB before compression. It is large enough for herd privacy:
 * fetching it does not reveal which token is checked.
 */
export const LIST_SIZE = 2 ** 17;
/** Seconds for which a verifier or a cache may use a fetched list (`ttl`, Token Status List §5.1). */
export const STATUS_LIST_TTL = 30;
/** Seconds after which a list must not be used any more (`exp`). */
const LIFETIME = 120;

const compress = promisify(deflate);

/**
 * One bit for each entry, 0 VALID and 1 INVALID (§7.1); within a byte, the least significant bit comes first (§4.1).
 */
export const setBit = (bits: Uint8Array, index: number): void => {
  const byte = index >> 3;
  if (byte < bits.length) bits[byte] = (bits[byte] as number) | (1 << (index & 7));
};

/** `status_list.lst` (§4.2): the bits in the ZLIB format (RFC 1950), base64url. */
export async function encodeList(bits: Uint8Array): Promise<string> {
  return (await compress(bits, { level: constants.Z_BEST_COMPRESSION })).toString("base64url");
}

/**
 * A Status List Token's payload (§5.1). `asOf`: the list shows everything that was revoked before this instant (epoch
 * ms). It has neither `iss` nor `jti`: a verifier that forgets to check `typ` can't mistake it for an access token.
 */
export const statusListClaims = (uri: string, lst: string, asOf: number) => {
  const iat = Math.floor(asOf / 1000);
  return { sub: uri, iat, exp: iat + LIFETIME, ttl: STATUS_LIST_TTL, status_list: { bits: 1, lst } };
};
