import { type Client, GRANT_TYPES, type GrantType } from "./client.js";

/** The grants of a client whose registration does not name them: what its permissions allow. */
export const defaultGrantTypes = ({ isPublic, permissions }: Pick<Client, "isPublic" | "permissions">): GrantType[] =>
  GRANT_TYPES.filter((type) => (type === "client_credentials"
    ? !isPublic && permissions.includes("mint")
    : permissions.includes("login") || (type === "refresh_token" && permissions.includes("mint"))));
