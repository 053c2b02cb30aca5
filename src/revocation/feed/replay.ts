import type { Clock } from "../../shared/clock.js";
import type { CutoffJournal } from "../cutoff.js";
import type { RevocationJournal } from "../journal.js";
import { eventOfCutoff, eventOfToken, type FeedMessage } from "./event.js";
import { snapshotPage, type SnapshotPosition } from "./snapshot.js";
import type { FeedSource } from "./source.js";

/** Entries that are read at a time. */
const PAGE = 1000;

/**
 * Resolves when the messages were sent; to false if the subscriber had to drain first. Rejects if the feed is closed.
 */
export type Send = (messages: readonly FeedMessage[]) => Promise<boolean>;

interface Dependencies { source: FeedSource; journal: RevocationJournal; cutoffs: CutoffJournal; clock: Clock }

/**
 * Sends everything revoked, and resolves to the id after which the feed continues. `reset` clears the subscriber's last
 * event id, and the entries have no ids: a subscriber that loses its connection in between gets a new snapshot.
 */
export async function sendSnapshot(
  { source, journal, cutoffs, clock }: Dependencies,
  subscriber: { readonly gone: boolean },
  send: Send,
): Promise<string> {
  // The id is read before the journals: an entry recorded meanwhile is sent twice rather than never.
  const head = await source.head();
  await send([{ name: "reset", data: [], id: "" }]);
  let position: SnapshotPosition | undefined;
  while (!subscriber.gone) {
    const page = await snapshotPage({ journal, cutoffs }, clock(), PAGE, position);
    const issuedBefore = page.cutoffs.map((cutoff) => eventOfCutoff(cutoff).data);
    const revoked = page.tokens.map((token) => eventOfToken(token).data);
    if (issuedBefore.length > 0) await send([{ name: "issued_before", data: issuedBefore }]);
    if (revoked.length > 0) await send([{ name: "revoked", data: revoked }]);
    if (page.next === null) break;
    position = page.next;
  }
  return head;
}
