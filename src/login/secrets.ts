import { hash, randomBytes } from "node:crypto";

/** 256 random bits, base64url: a state, a nonce, a code, a PKCE verifier (RFC 7636 §4.1 wants 43 characters at least). */
export const newSecret = (): string => randomBytes(32).toString("base64url");

/** SHA-256, base64url: what is stored of a secret, and the S256 challenge of a PKCE verifier (RFC 7636 §4.2). */
export const digest = (secret: string): string => hash("sha256", secret, "base64url");
