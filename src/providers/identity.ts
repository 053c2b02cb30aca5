/** A user as the provider describes it, in one form for all providers. Null: the provider does not say. */
export interface Identity {
  /** The provider's own id of the user, which never changes and is never reused. Not the email address. */
  subject: string;
  email: string | null;
  /** Whether the provider has verified that the address belongs to this user; false if it does not say. */
  emailVerified: boolean;
  name: string | null;
  picture: string | null;
  /** Further claims that the operator has chosen, by their names in Authflow's token. */
  claims?: Record<string, unknown>;
  /** What else the provider says of OpenID Connect Core §5.1's claims, for clients that ask for it by scope. */
  profile?: Record<string, unknown>;
  /** When the user logged in there, seconds since 1970; in what way and by which methods (OpenID Connect Core §2). */
  authTime?: number;
  acr?: string;
  amr?: string[];
}
