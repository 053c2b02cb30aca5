/** Node's codes for a certificate whose authority is unknown. */
const UNTRUSTED = new Set([
  "SELF_SIGNED_CERT_IN_CHAIN", "DEPTH_ZERO_SELF_SIGNED_CERT", "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "UNABLE_TO_GET_ISSUER_CERT",
]);

/** By an error's code. */
export const isUntrustedCertificate = (code: unknown): boolean => typeof code === "string" && UNTRUSTED.has(code);
