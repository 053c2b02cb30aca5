import type { Signer } from "../keys/signers/signer.js";

export type TokenType = "JWT" | "at+jwt" | "statuslist+jwt";

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const headers = new WeakMap<Signer, Partial<Record<TokenType, string>>>();

/** A JWT in JWS compact serialisation (RFC 7515 §7.1). */
export async function signCompact(signer: Signer, typ: TokenType, claims: object): Promise<string> {
  const input = `${encodedHeader(signer, typ)}.${encode(claims)}`;
  return `${input}.${await signer.sign(input)}`;
}

function encodedHeader(signer: Signer, typ: TokenType): string {
  const known = headers.get(signer) ?? {};
  headers.set(signer, known);
  return known[typ] ??= encode({ alg: signer.algorithm, typ, kid: signer.kid });
}
