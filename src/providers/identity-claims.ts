import { type ClaimMap, claimFrom, type ClaimSource } from "./claim-map.js";
import { isTrue, text } from "./claims.js";
import { characters, isPrintable, isPrintableText } from "../shared/text.js";
import type { Identity } from "./identity.js";
import { PROVIDER_CLOCK_SKEW } from "./upstream.js";

type Claims = Record<string, unknown>;

export interface Rules {
  /** The operator's choice of claims. */
  claims: ClaimMap;
  /** Replaces the claim email_verified for a provider with another one. */
  emailVerified?: ((claims: Claims) => unknown) | undefined;
}

/** Sources of the claims that every identity has (OpenID Connect Core §5.1). */
const EMAIL: ClaimSource = [[["email"]]];
const NAME: ClaimSource = [[["name"]], [["given_name"], ["family_name"]], [["preferred_username"]], [["nickname"]]];
const PICTURE: ClaimSource = [[["picture"]]];
const STANDARD = ["email", "email_verified", "name", "picture"];
/** The further claims of OpenID Connect Core §5.1. */
const PROFILE = [
  "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "website", "gender",
  "birthdate", "zoneinfo", "locale", "updated_at", "phone_number", "phone_number_verified", "address",
];
/** Characters in the JSON form of a further claim. */
const MAX_CLAIM = 1024;
const MAX_METHODS = 16;
type Authentication = Pick<Identity, "authTime" | "acr" | "amr">;

/** The user whom the documents describe; the first that says something counts. All are about the same subject. */
export function identityFrom(subject: string, documents: readonly Claims[], rules: Rules): Identity {
  const { claims: map } = rules;
  const first = (source: ClaimSource): unknown =>
    documents.map((claims) => claimFrom(claims, source)).find((value) => value !== undefined && value !== "");
  const email = text(first(map.email ?? EMAIL));
  const claims = Object.entries(map).filter(([name]) => !STANDARD.includes(name))
    .map(([name, source]) => [name, first(source)] as const).filter(([, value]) => isUsable(value));
  return {
    subject,
    email,
    emailVerified: email !== null && isTrue(documents.map((one) => verification(one, email, rules)).find(isSaid)),
    name: nameIn(documents, map.name ?? NAME),
    picture: text(first(map.picture ?? PICTURE)),
    ...(claims.length > 0 && { claims: Object.fromEntries(claims) }),
    ...profileIn(documents),
  };
}

/** What an ID token says about the login itself. `now`: epoch ms. What has another form is left out. */
export function authenticationFrom({ auth_time, acr, amr }: Claims, now: number): Authentication {
  const isText = (value: unknown, most: number): value is string =>
    text(value) !== null && isPrintable(value as string) && characters(value as string) <= most;
  const methods = [...new Set(Array.isArray(amr) ? amr as unknown[] : [])];
  const areMethods = methods.length > 0 && methods.length <= MAX_METHODS;
  return {
    ...(isPast(auth_time, now) && { authTime: Math.min(Math.floor(auth_time), Math.floor(now / 1000)) }),
    ...(isText(acr, 255) && { acr }),
    ...(areMethods && methods.every((method): method is string => isText(method, 64)) && { amr: methods }),
  };
}

/** Whether it is an instant in seconds that is not in the future. */
const isPast = (value: unknown, now: number): value is number =>
  typeof value === "number" && value >= 0 && value <= now / 1000 + PROVIDER_CLOCK_SKEW;

function profileIn(documents: readonly Claims[]): Pick<Identity, "profile"> {
  const said = PROFILE.map((name) => [name, documents.map((claims) => claims[name]).find(isSaid)] as const)
    .filter(([name, value]) => (name === "address" ? isAddress(value) : isUsable(value)));
  return said.length > 0 ? { profile: Object.fromEntries(said) } : {};
}

/** OpenID Connect Core §5.1.1 */
const isAddress = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value)
  && Object.values(value).every((part) => text(part) !== null && isPrintableText(part as string))
  && JSON.stringify(value).length <= MAX_CLAIM;

/** A name of any document goes before what stands for a name in another. */
function nameIn(documents: readonly Claims[], source: ClaimSource): string | null {
  const named = source.flatMap((alternative) => documents.map((claims) => text(claimFrom(claims, [alternative]))));
  return named.find((value) => value !== null) ?? null;
}

/** What a document says about an address; undefined if nothing: its email_verified is about the address beside it. */
function verification(claims: Claims, email: string, { claims: map, emailVerified }: Rules): unknown {
  const isSame = (address: unknown): boolean => text(address)?.toLowerCase() === email.toLowerCase();
  if (map.email_verified !== undefined)
    return isSame(claimFrom(claims, map.email ?? EMAIL)) ? claimFrom(claims, map.email_verified) : undefined;
  if (!isSame(claims.email)) return undefined;
  return emailVerified === undefined ? claims.email_verified : emailVerified(claims);
}

const isSaid = (value: unknown): boolean => value !== undefined;

/** Whether the userinfo endpoint has nothing to add to an ID token. */
export function lacksNothing(claims: Claims, rules: Rules): boolean {
  const { email, claims: further = {} } = identityFrom("", [claims], rules);
  const wanted = Object.keys(rules.claims).filter((claim) => !STANDARD.includes(claim));
  return email !== null && verification(claims, email, rules) !== undefined &&
    claimFrom(claims, rules.claims.name ?? [[["name"]]]) !== undefined &&
    wanted.every((claim) => Object.hasOwn(further, claim));
}

/** Whether a login can do without the userinfo endpoint: the ID token has the address, or none was asked for. */
export const isSufficient = (claims: Claims, { claims: map }: Rules, scope: string): boolean =>
  text(claimFrom(claims, map.email ?? EMAIL)) !== null || !scope.split(" ").includes("email");

/** A further claim is a printable text, a number, a boolean or a list of texts. */
function isUsable(value: unknown): boolean {
  const isText = (item: unknown): boolean => text(item) !== null && isPrintable(item as string);
  const isScalar = typeof value === "boolean" || Number.isFinite(value) || isText(value);
  return (isScalar || (Array.isArray(value) && value.every(isText))) && JSON.stringify(value).length <= MAX_CLAIM;
}
