import { hash, randomBytes, timingSafeEqual } from "node:crypto";

/** 256 random bits, base64url, 43 characters: no guess and no slow hash is needed for what is kept as its digest. */
export const randomSecret = (): string => randomBytes(32).toString("base64url");

/** SHA-256, base64url: what is stored of a secret, and the S256 challenge of a PKCE verifier (RFC 7636 §4.2). */
export const digest = (text: string): string => hash("sha256", text, "base64url");

/** In constant time. Digests have one length, so that nothing but their equality can be learnt. */
export const sameDigest = (a: string, b: string): boolean => timingSafeEqual(Buffer.from(a), Buffer.from(b));
