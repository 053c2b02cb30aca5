import type { AccessTokenClaims } from "./claims.js";

/** A token's entry in a status list. */
export interface StatusReference { listId: string; index: number }
/** A token's claim `status` (Token Status List §6.2). */
export interface StatusClaim { status_list: { idx: number; uri: string } }

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MAX_INDEX = 2 ** 31 - 1;

export const statusListUri = (publicUrl: string, listId: string): string => `${publicUrl}/status-lists/${listId}`;

/** The status entry of a verified token. Undefined if it has none, or one in a list of another service. */
export function statusReference(publicUrl: string, { status }: AccessTokenClaims): StatusReference | undefined {
  const { idx: index, uri } = (status as Partial<StatusClaim> | null | undefined)?.status_list ?? {};
  const base = statusListUri(publicUrl, "");
  if (typeof uri !== "string" || !uri.startsWith(base)) return undefined;
  const listId = uri.slice(base.length);
  const isIndex = Number.isInteger(index) && (index as number) >= 0 && (index as number) <= MAX_INDEX;
  return isIndex && UUID.test(listId) ? { listId, index: index as number } : undefined;
}
