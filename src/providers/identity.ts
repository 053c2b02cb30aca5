/** Who a provider says its user is, in one form for all providers. What a provider does not say is null. */
export interface Identity {
  /** Never changes and is never given to another: the provider's own id, not the e-mail address. */
  subject: string;
  email: string | null;
  /** Whether the provider itself vouches that the address belongs to this user; false where it does not say so. */
  emailVerified: boolean;
  name: string | null;
  picture: string | null;
}
