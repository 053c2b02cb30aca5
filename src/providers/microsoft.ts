import { isTrue, text } from "./claims.js";
import { openIdProvider } from "./openid.js";
import { UpstreamError } from "./upstream.js";

const HOST = "https://login.microsoftonline.com";
const TENANT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const ANY_TENANT_OF = ["common", "organizations"];
const ANY_TENANT = `${HOST}/{tenantid}/v2.0`;

/**
 * Each tenant has its own discovery document. In that of `common` and `organizations`, the issuer is a template, in
 * which `{tenantid}` stands for the ID token's claim `tid`. In that of a tenant's domain, the issuer has the tenant's
 * id.
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
  userinfo: false, // its sub differs from the ID token's, which holds the same claims
  // A tenant's administrator can enter any address. Only xms_edov says that the tenant owns the address's domain.
  emailVerified: ({ xms_edov: domainOwnerVerified }) => isTrue(domainOwnerVerified) || domainOwnerVerified === 1,
});
