import type { Check, Finding } from "./check.js";

/** Which endpoints say which issuer, and what clients need to find its metadata. */
export const checkIssuer: Check = async ({ issuer, standardIssuer, publicUrl }) => {
  const differs = standardIssuer !== publicUrl;
  const all: Finding[] = issuer !== standardIssuer
    ? [["ok", `tokens of /mint and /auth have the issuer "${issuer}": give their verifiers it and the JWKS URL`],
      ["ok", `tokens of /authorize and /token have the issuer ${standardIssuer}: give OpenID clients this URL`]]
    : [["ok", `issuer is ${differs ? "AUTHFLOW_ISSUER" : "the public URL"} ${issuer}, at all endpoints`]];
  if (differs && standardIssuer.replace(/\/$/, "") === publicUrl) {
    all.push(["note", `AUTHFLOW_ISSUER ends with a slash, and AUTHFLOW_PUBLIC_URL does not: clients compare every ` +
      `character, so configure them with ${standardIssuer}`]);
  } else if (differs) {
    all.push(["note", `AUTHFLOW_ISSUER ${standardIssuer} differs from AUTHFLOW_PUBLIC_URL ${publicUrl}: clients look ` +
      "for /.well-known/openid-configuration below the issuer, so your proxy must pass that on to Authflow"]);
  }
  const { origin, pathname } = new URL(standardIssuer);
  const path = pathname.replace(/\/$/, "");
  if (path !== "") {
    all.push(["note", `the issuer has a path: OAuth clients look for ${origin}/.well-known/oauth-authorization-server` +
      `${path} (RFC 8414), so your proxy must pass that on to Authflow`]);
  }
  return all;
};
