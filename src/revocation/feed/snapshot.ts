import { invalidRequest } from "../../shared/errors.js";
import type { Cutoff, CutoffJournal } from "../cutoff.js";
import type { Revocation, RevocationJournal } from "../journal.js";

/** Where a page of a snapshot ended. */
export type SnapshotPosition = { cutoff: Pick<Cutoff, "scope" | "value"> } | { token: string };
/** A page of what is revoked; the next page starts after `next`, which is null on the last page. */
export interface SnapshotPage { cutoffs: Cutoff[]; tokens: Revocation[]; next: SnapshotPosition | null }

interface Journals { journal: RevocationJournal; cutoffs: CutoffJournal }

/** One page of everything revoked at `now` (epoch ms). Cut-offs come first: they are few and revoke many tokens. */
export async function snapshotPage(
  { journal, cutoffs }: Journals,
  now: number,
  limit: number,
  position?: SnapshotPosition,
): Promise<SnapshotPage> {
  if (position === undefined || "cutoff" in position) {
    const found = await cutoffs.live(now, { limit, ...(position && { after: position.cutoff }) });
    const last = found.at(-1);
    if (last !== undefined && found.length === limit) {
      return { cutoffs: found, tokens: [], next: { cutoff: { scope: last.scope, value: last.value } } };
    }
    return { cutoffs: found, tokens: [], next: { token: "" } };
  }
  const tokens = await journal.live(now, { limit, after: position.token });
  const last = tokens.at(-1);
  return { cutoffs: [], tokens, next: last !== undefined && tokens.length === limit ? { token: last.jti } : null };
}

/** What a client sends back to get the next page. */
interface Cursor { lastEventId: string; position: SnapshotPosition }

/** The member is called `place` in the cursor, so that replicas of different versions understand one another's. */
export const writeCursor = ({ lastEventId, position: place }: Cursor): string =>
  Buffer.from(JSON.stringify({ lastEventId, place })).toString("base64url");

/** Throws invalid_request if `text` is not the work of `writeCursor`. */
export function readCursor(text: string): Cursor {
  try {
    const { lastEventId, place: position } = JSON.parse(Buffer.from(text, "base64url").toString()) as
      { lastEventId: string; place: SnapshotPosition };
    const { scope, value } = "token" in position ? { scope: "", value: position.token } : position.cutoff;
    // PostgreSQL accepts no NUL characters.
    const isValid = [lastEventId, scope, value].every((part) => typeof part === "string" && !part.includes("\0"));
    if (isValid) return { lastEventId, position };
  } catch { /* as below */ }
  throw invalidRequest("cursor must be the next_cursor of the page before: leave it out to start again");
}
