import { digest } from "./digest.js";

/** A strong entity tag (RFC 9110 §8.8.3): different texts have different tags. */
export const etagOf = (text: string): string =>
  `"${digest(text).slice(0, 27)}"`;
