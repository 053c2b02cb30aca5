import { hash, randomBytes, timingSafeEqual } from "node:crypto";

/** 256 random bits, base64url, 43 characters. They can't be guessed, so a fast digest is enough for storage. */
export const randomSecret = (): string => randomBytes(32).toString("base64url");

/** SHA-256, base64url: the stored form of a secret, and the S256 challenge of a PKCE verifier (RFC 7636 §4.2). */
export const digest = (text: string): string => hash("sha256", text, "base64url");

/** Compares in constant time. All digests have the same length, so the duration reveals nothing. */
export const sameDigest = (a: string, b: string): boolean => timingSafeEqual(Buffer.from(a), Buffer.from(b));
