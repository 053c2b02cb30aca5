import { randomBytes } from "node:crypto";
import { digest } from "../shared/digest.js";

/** Secret scanners recognise a leaked token by it. */
const PREFIX = "authflow_refresh_";
const FORM = new RegExp(`^${PREFIX}([A-Za-z0-9_-]{64})$`);
/** Bytes of a UUID. The other 32 are random. */
const ID = 16;

/** A refresh token that a client sent. `id` is its family's; `hash` is its SHA-256. */
export interface PresentedRefreshToken { text: string; id: string; hash: string }

/** A new token of a family: opaque to clients, it contains the family's id (a UUID) and 256 random bits. */
export function newRefreshToken(familyId: string): PresentedRefreshToken {
  const id = Buffer.from(familyId.replaceAll("-", ""), "hex");
  const text = PREFIX + Buffer.concat([id, randomBytes(32)]).toString("base64url");
  return { text, id: familyId, hash: digest(text) };
}

export const isRefreshToken = (text: string): boolean => text.startsWith(PREFIX);

/** Undefined for what is no refresh token. */
export function parseRefreshToken(text: string): PresentedRefreshToken | undefined {
  const [, encoded] = FORM.exec(text) ?? [];
  if (encoded === undefined) return undefined;
  const id = Buffer.from(encoded, "base64url").subarray(0, ID).toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  return { text, id, hash: digest(text) };
}
