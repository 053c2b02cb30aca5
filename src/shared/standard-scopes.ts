/** The claims that a scope stands for (OpenID Connect Core §5.4). Others that the operator chose are in every token. */
export const CLAIMS_OF_SCOPE: Readonly<Record<string, readonly string[]>> = {
  profile: ["name", "picture", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile",
    "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at"],
  email: ["email", "email_verified"],
  address: ["address"],
  phone: ["phone_number", "phone_number_verified"],
};

/** The scopes of OpenID Connect Core §5.4 and §11, which every client may request. */
export const STANDARD_SCOPES: readonly string[] = ["openid", ...Object.keys(CLAIMS_OF_SCOPE), "offline_access"];
