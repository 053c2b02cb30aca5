import { isTrue, text } from "./claims.js";
import { openIdProvider } from "./openid.js";
import { UpstreamError } from "./upstream.js";

const HOST = "https://login.microsoftonline.com";
const TENANT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const ANY_TENANT_OF = ["common", "organizations"];
const ANY_TENANT = `${HOST}/{tenantid}/v2.0`;

/**
 * One document per tenant. That of `common` and `organizations` names a template as issuer, in whose place stands the
 * tenant that the token claims; that of a tenant's domain names the tenant's id.
 */
export const microsoft = openIdProvider({
  label: "Microsoft",
  issuer: ({ tenant = "common" }) => `${HOST}/${tenant}/v2.0`,
  acceptsIssuer: (discovered, { tenant = "common" }) => {
    if (ANY_TENANT_OF.includes(tenant)) return discovered === ANY_TENANT;
    const named = discovered.replace(`${HOST}/`, "").replace("/v2.0", "");
    return TENANT_ID.test(tenant) ? named === tenant.toLowerCase() : TENANT_ID.test(named);
  },
  issuerOf: (discovered, { tid }) => {
    if (discovered !== ANY_TENANT) return discovered;
    const tenant = text(tid) ?? "";
    if (!TENANT_ID.test(tenant)) throw new UpstreamError("untrustworthy", "the id_token names no tenant");
    return discovered.replace("{tenantid}", tenant);
  },
  userinfo: false, // its sub is another one; the ID token holds all there is
  // Any tenant's administrator can write any address into its directory: only this claim says that the domain is theirs.
  emailVerified: ({ xms_edov: domainOwnerVerified }) => isTrue(domainOwnerVerified) || domainOwnerVerified === 1,
});
