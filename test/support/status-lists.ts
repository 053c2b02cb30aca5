import { inflateSync } from "node:zlib";
import { createLocalJWKSet, jwtVerify } from "jose";
import { decode } from "./app.js";

export interface Entry { idx: number; uri: string }
export const entryOf = (token: string): Entry =>
  (decode(token).status as { status_list: Entry }).status_list;

export const bitAt = (bits: Uint8Array, index: number): number => ((bits[index >> 3] as number) >> (index & 7)) & 1;

/** What a verifier makes of a list: the bits, after every check that Token Status List §8.3 asks for. */
export async function verifiedBits(
  token: string, jwks: { keys: object[] }, uri: string, currentDate = new Date(),
): Promise<Uint8Array> {
  const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(jwks as never), {
    typ: "statuslist+jwt", subject: uri, requiredClaims: ["iat", "exp", "ttl"], currentDate,
  });
  const { bits, lst } = payload.status_list as { bits: number; lst: string };
  if (bits !== 1 || protectedHeader.kid === undefined) throw new Error("not a list of single bits by a named key");
  return inflateSync(Buffer.from(lst, "base64url"));
}
