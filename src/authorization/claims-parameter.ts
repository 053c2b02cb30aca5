import { invalidRequest } from "../shared/errors.js";

/** One claim's request (OpenID Connect Core §5.5.1); null: it is asked for as such. */
type ClaimRequest = { essential?: unknown; value?: unknown; values?: unknown } | null;
type Member = Record<string, ClaimRequest>;

/** What the parameter `claims` asks for. */
export interface RequestedClaimNames {
  userinfo: string[];
  idToken: string[];
  /** The only subject that will do. */
  subject?: string | undefined;
  /** The only values of acr that will do. */
  acrValues?: string[] | undefined;
}

const MAX_LENGTH = 2048;
const RULE = "claims must be a JSON object with the members userinfo and id_token (OpenID Connect Core §5.5)";

/** Reads the parameter `claims` (OpenID Connect Core §5.5). Throws invalid_request. */
export function requestedClaimNames(claims: string | undefined): RequestedClaimNames {
  if (claims === undefined) return { userinfo: [], idToken: [] };
  if (claims.length > MAX_LENGTH) throw invalidRequest(`claims must have at most ${MAX_LENGTH} characters`);
  const { userinfo = {}, id_token: idToken = {} } = parse(claims);
  const subject = [idToken.sub?.value, userinfo.sub?.value].find((value) => typeof value === "string");
  const acr = idToken.acr;
  const values = (Array.isArray(acr?.values) ? acr.values : [acr?.value]).filter((one) => typeof one === "string");
  return {
    userinfo: Object.keys(userinfo), idToken: Object.keys(idToken),
    ...(typeof subject === "string" && { subject }),
    ...(acr?.essential === true && values.length > 0 && { acrValues: values }),
  };
}

function parse(claims: string): { userinfo?: Member; id_token?: Member } {
  let value: unknown;
  try {
    value = JSON.parse(claims);
  } catch {
    throw invalidRequest(RULE);
  }
  if (!isObject(value)) throw invalidRequest(RULE);
  for (const member of [value.userinfo ?? {}, value.id_token ?? {}]) {
    if (!isObject(member) || !Object.values(member).every((one) => one === null || isObject(one)))
      throw invalidRequest(RULE);
  }
  const { userinfo, id_token } = value as { userinfo?: Member | null; id_token?: Member | null };
  return { ...(userinfo && { userinfo }), ...(id_token && { id_token }) };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
