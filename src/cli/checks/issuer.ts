import type { Check } from "./check.js";

export const checkIssuer: Check = async ({ issuer, publicUrl }) => {
  if (!URL.canParse(issuer)) return [["ok", `issuer is "${issuer}": configure verifiers with it and the JWKS URL`]];
  if (issuer === publicUrl) return [["ok", `issuer is the public URL ${issuer}`]];
  return [["note", `AUTHFLOW_ISSUER ${issuer} differs from AUTHFLOW_PUBLIC_URL ${publicUrl}: ` +
    "verifiers look for the keys below the issuer"]];
};
