import { OPEN_TO_ALL } from "../../clients/open-registration.js";
import type { Check } from "./check.js";

/** Says that anybody on the network may register clients. */
export const checkRegistration: Check = async ({ registration, loopback, selfRegistered: { scopes, audiences } }) => {
  if (registration !== "open" || loopback) return [];
  const list = (values: readonly string[]): string => values.join(", ") || "none";
  return [["note", `${OPEN_TO_ALL}. Scopes: ${list(scopes)}; resources: ${list(audiences)}`]];
};
