import type { Clock } from "../../shared/clock.js";
import type { CutoffJournal } from "../cutoff.js";
import type { RevocationJournal } from "../journal.js";
import { eventOfCutoff, eventOfToken, type FeedMessage } from "./event.js";
import { snapshotPage, type SnapshotPlace } from "./snapshot.js";
import type { FeedSource } from "./source.js";

/** Entries that are read at a time. */
const PAGE = 1000;

/** Resolves when the messages were taken, to whether that was at once. Rejects where the feed was closed. */
export type Send = (messages: readonly FeedMessage[]) => Promise<boolean>;

interface Dependencies { source: FeedSource; journal: RevocationJournal; cutoffs: CutoffJournal; clock: Clock }

/**
 * Sends all that is revoked, and resolves to the place from which the feed goes on. The messages have no ids, and the id
 * of before is taken back: a subscriber that is cut off in between begins anew.
 */
export async function sendSnapshot(
  { source, journal, cutoffs, clock }: Dependencies,
  subscriber: { readonly gone: boolean },
  send: Send,
): Promise<string> {
  // First the place, then the journals: what is recorded meanwhile is sent twice rather than never.
  const head = await source.head();
  await send([{ name: "reset", data: [], id: "" }]);
  let place: SnapshotPlace | undefined;
  while (!subscriber.gone) {
    const page = await snapshotPage({ journal, cutoffs }, clock(), PAGE, place);
    const ended = page.cutoffs.map((cutoff) => eventOfCutoff(cutoff).data);
    const revoked = page.tokens.map((token) => eventOfToken(token).data);
    if (ended.length > 0) await send([{ name: "issued_before", data: ended }]);
    if (revoked.length > 0) await send([{ name: "revoked", data: revoked }]);
    if (page.next === null) break;
    place = page.next;
  }
  return head;
}
