import { createHash } from "node:crypto";

/** A strong entity tag (RFC 9110 §8.8.3): another text has another one. */
export const etagOf = (text: string): string =>
  `"${createHash("sha256").update(text).digest("base64url").slice(0, 27)}"`;
