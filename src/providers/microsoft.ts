import { isTrue, text } from "./claims.js";
import { openIdProvider } from "./openid.js";

const HOST = "https://login.microsoftonline.com";
const TENANT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const ANY_TENANT = `${HOST}/{tenantid}/v2.0`;

/**
 * One document per tenant. That of `common` and `organizations` names a template as issuer, in whose place stands the
 * tenant that the token claims; that of a tenant's domain names the tenant's id.
 */
export const microsoft = openIdProvider({
  label: "Microsoft",
  issuer: ({ tenant = "common" }) => `${HOST}/${tenant}/v2.0`,
  acceptsIssuer: (discovered) =>
    discovered === ANY_TENANT || TENANT_ID.test(discovered.replace(`${HOST}/`, "").replace("/v2.0", "")),
  issuerOf: (discovered, { tid }) => {
    const tenant = text(tid) ?? "";
    return discovered === ANY_TENANT && TENANT_ID.test(tenant) ? discovered.replace("{tenantid}", tenant) : discovered;
  },
  userinfo: false, // its sub is another one; the ID token holds all there is
  // Any tenant's administrator can write any address into its directory: only this claim says that the domain is theirs.
  emailVerified: ({ xms_edov: domainOwnerVerified }) => isTrue(domainOwnerVerified) || domainOwnerVerified === 1,
});
