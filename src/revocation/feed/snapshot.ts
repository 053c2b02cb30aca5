import { invalidRequest } from "../../shared/errors.js";
import type { Cutoff, CutoffJournal } from "../cutoff.js";
import type { Revocation, RevocationJournal } from "../journal.js";

/** Where a page of a snapshot ended. */
export type SnapshotPlace = { cutoff: Pick<Cutoff, "scope" | "value"> } | { token: string };
/** A part of what is revoked; `next` is where the following one begins, null after the last. */
export interface SnapshotPage { cutoffs: Cutoff[]; tokens: Revocation[]; next: SnapshotPlace | null }

interface Journals { journal: RevocationJournal; cutoffs: CutoffJournal }

/** One page of all that is revoked at `now` (epoch ms): cut-offs first, which are few and end many tokens. */
export async function snapshotPage(
  { journal, cutoffs }: Journals,
  now: number,
  limit: number,
  place?: SnapshotPlace,
): Promise<SnapshotPage> {
  if (place === undefined || "cutoff" in place) {
    const found = await cutoffs.live(now, { limit, ...(place && { after: place.cutoff }) });
    const last = found.at(-1);
    if (last !== undefined && found.length === limit) {
      return { cutoffs: found, tokens: [], next: { cutoff: { scope: last.scope, value: last.value } } };
    }
    return { cutoffs: found, tokens: [], next: { token: "" } };
  }
  const tokens = await journal.live(now, { limit, after: place.token });
  const last = tokens.at(-1);
  return { cutoffs: [], tokens, next: last !== undefined && tokens.length === limit ? { token: last.jti } : null };
}

/** What a page's reader sends back to get the following one. */
interface Cursor { lastEventId: string; place: SnapshotPlace }

export const writeCursor = (cursor: Cursor): string => Buffer.from(JSON.stringify(cursor)).toString("base64url");

export function readCursor(text: string): Cursor {
  try {
    const { lastEventId, place } = JSON.parse(Buffer.from(text, "base64url").toString()) as Cursor;
    const texts = [lastEventId, ...("token" in place ? [place.token] : [place.cutoff.scope, place.cutoff.value])];
    // PostgreSQL takes no NUL.
    if (texts.every((part) => typeof part === "string" && !part.includes("\0"))) return { lastEventId, place };
  } catch { /* as below */ }
  throw invalidRequest("cursor must be the next_cursor of the page before: leave it out to begin anew");
}
