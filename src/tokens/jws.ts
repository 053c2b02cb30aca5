import { hash, type KeyObject, verify } from "node:crypto";
import { type Algorithm, ALGORITHMS } from "../keys/algorithms.js";
import type { VerificationKey } from "../keys/opened-ring.js";
import type { Signer } from "../keys/signers/signer.js";
import { unavailable } from "../shared/errors.js";

export type TokenType = "JWT" | "at+jwt" | "statuslist+jwt";

/** The header of an unverified token. */
export interface JoseHeader { alg?: unknown; typ?: unknown; kid?: unknown; crit?: unknown }
export interface UnverifiedJws {
  header: JoseHeader;
  payload: Record<string, unknown>;
  /** RFC 7515 §5.2: what the signature covers. */
  signingInput: string;
  signature: Buffer;
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const headers = new WeakMap<Signer, Partial<Record<TokenType, string>>>();

/**
 * A JWT in JWS compact serialisation (RFC 7515 §7.1). Rejects with temporarily_unavailable if the signer fails, because
 * it may depend on a key management service.
 */
export async function signCompact(signer: Signer, typ: TokenType, claims: object): Promise<string> {
  const input = `${encodedHeader(signer, typ)}.${encode(claims)}`;
  const signature = await signer.sign(input).catch((cause: unknown) => {
    throw unavailable("Tokens can't be signed right now: try again", cause);
  });
  return `${input}.${signature}`;
}

function encodedHeader(signer: Signer, typ: TokenType): string {
  const known = headers.get(signer) ?? {};
  headers.set(signer, known);
  return known[typ] ??= encode({ alg: signer.algorithm, typ, kid: signer.kid });
}

/**
 * Parses a compact serialisation (RFC 7515 §5.2). Undefined unless it has three parts in canonical base64url, of which
 * the first two are JSON objects.
 */
export function parseCompact(token: string): UnverifiedJws | undefined {
  const parts = token.split(".", 4); // 4: a text of dots alone must not cost more than one of letters
  const [header, payload, signature] = parts.map(decode);
  if (parts.length !== 3 || header === undefined || payload === undefined || signature === undefined) return undefined;
  const [decodedHeader, decodedPayload] = [jsonObject(header), jsonObject(payload)];
  if (decodedHeader === undefined || decodedPayload === undefined) return undefined;
  const signingInput = token.slice(0, token.lastIndexOf("."));
  return { header: decodedHeader, payload: decodedPayload, signingInput, signature };
}

/** Verifies with the key's own algorithm, whatever the header says (RFC 8725 §3.1). */
export function hasValidSignature({ signingInput, signature }: UnverifiedJws, key: VerificationKey): boolean {
  const { digest } = ALGORITHMS[key.algorithm];
  const publicKey: { key: KeyObject; dsaEncoding: "ieee-p1363" } = { key: key.publicKey, dsaEncoding: "ieee-p1363" };
  return verify(digest, Buffer.from(signingInput), publicKey, signature);
}

/** The left half of a text's hash, by the hash function of an algorithm: at_hash (OpenID Connect Core §3.1.3.6). */
export function halfHash(algorithm: Algorithm, text: string): string {
  // Ed25519 hashes by SHA-512 inside.
  const digest = hash(ALGORITHMS[algorithm].digest ?? "sha512", text, "buffer");
  return digest.subarray(0, digest.length / 2).toString("base64url");
}

/**
 * Undefined unless the text is the canonical encoding of its bytes. Otherwise a token would have several valid forms.
 */
function decode(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, "base64url");
  return part !== "" && bytes.toString("base64url") === part ? bytes : undefined;
}

function jsonObject(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? value as Record<string, unknown> : undefined;
  } catch {
    return undefined;
  }
}
