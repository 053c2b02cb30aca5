/**
 * Identity providers whose logins get the subject `<provider>|<upstream id>`. A platform that mints may not take such a
 * subject unless its policy allows it, whether or not the provider is switched on yet: otherwise a token minted today
 * could pass for a login of tomorrow.
 */
export const PROVIDER_NAMESPACES: readonly string[] = [
  "google",
  "github",
  "microsoft",
  "gitlab",
  "discord",
  "facebook",
  "linkedin",
];
