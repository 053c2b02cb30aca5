import type { AccessTokenClaims } from "./claims.js";

/** Which entry of which list speaks of a token. */
export interface StatusReference { listId: string; index: number }
/** A token's claim `status` (Token Status List §6.2). */
export interface StatusClaim { status_list: { idx: number; uri: string } }

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MAX_INDEX = 2 ** 31 - 1;

export const statusListUri = (publicUrl: string, listId: string): string => `${publicUrl}/status-lists/${listId}`;

/** Of a verified token. Undefined where it has no status, or one in a list that is not of this deployment. */
export function statusReference(publicUrl: string, { status }: AccessTokenClaims): StatusReference | undefined {
  const { idx: index, uri } = (status as Partial<StatusClaim> | null | undefined)?.status_list ?? {};
  const base = statusListUri(publicUrl, "");
  if (typeof uri !== "string" || !uri.startsWith(base)) return undefined;
  const listId = uri.slice(base.length);
  const isIndex = Number.isInteger(index) && (index as number) >= 0 && (index as number) <= MAX_INDEX;
  return isIndex && UUID.test(listId) ? { listId, index: index as number } : undefined;
}
