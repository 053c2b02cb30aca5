import { setTimeout as sleep } from "node:timers/promises";
import type { FeedEvent, News } from "../../revocation/feed-event.js";
import type { FeedSource } from "../../revocation/feed-source.js";
import type { Db, Transaction } from "./db.js";
import { createInstallation } from "./installation.js";

/** The feed where there is no Redis: every revocation takes the next place, in the transaction that records it. */
export interface FeedJournal extends FeedSource {
  /** Gives up all places: what happens from now on will not be told here. */
  abandon(): Promise<void>;
  /** Forgets all but the latest `keep` events. */
  sweep(keep: number): Promise<number>;
}

/** Milliseconds between looks for what another process recorded. */
const LOOK_EVERY = 400;
const PLACE = /^journal\.(\d{15})$/;
/** Padded, so that the order of the texts is the order of the places. */
const toId = (position: number): string => `journal.${String(position).padStart(15, "0")}`;

export function feedJournal({ prisma }: Db): FeedJournal {
  const position = async (): Promise<number> => {
    const [row] = await prisma.$queryRaw<{ position: bigint | number }[]>`
      SELECT COALESCE(feed_position, 0) AS position FROM installation WHERE id = 1`;
    return Number(row?.position ?? 0);
  };
  return {
    head: async () => toId(await position()),

    after: async (id, limit) => {
      const [, digits] = PLACE.exec(id) ?? [];
      if (digits === undefined) return undefined;
      const after = Number(digits);
      const newest = await position(); // first: what comes meanwhile is no loss
      const rows = await prisma.$queryRaw<(News & { position: bigint | number })[]>`
        SELECT position, name, data FROM revocation_feed WHERE position > ${after} ORDER BY position LIMIT ${limit}`;
      const events = rows.map(({ name, data, position }): FeedEvent => ({ id: toId(Number(position)), name, data }));
      // There are no gaps: where the next place is not the first one found, it was forgotten or abandoned.
      if (events.length > 0) return events[0]?.id === toId(after + 1) ? events : undefined;
      return newest === after ? [] : undefined;
    },

    news: async (_id, signal) => { await sleep(LOOK_EVERY, undefined, { signal }).catch(() => undefined); },

    abandon: async () => {
      await prisma.$transaction(async (tx) => {
        await nextPosition(tx);
        await tx.revocationFeedEntry.deleteMany();
      });
    },

    sweep: async (keep) => prisma.$executeRaw`
      DELETE FROM revocation_feed
      WHERE position <= (SELECT COALESCE(feed_position, 0) FROM installation WHERE id = 1) - ${keep}`,
  };
}

/**
 * Records by `insert`, which may take `several` statements, and where nothing else will tell of it (`alone`) puts it into
 * the feed as well: all or nothing.
 */
export async function recording(
  { prisma }: Db,
  alone: boolean,
  several: boolean,
  news: News,
  insert: (tx: Transaction) => Promise<unknown>,
): Promise<void> {
  if (!alone && !several) return void await insert(prisma);
  await prisma.$transaction(async (tx) => {
    await insert(tx);
    if (alone) await appendToFeed(tx, news);
  });
}

/**
 * Gives news the next place, last in its transaction: whoever takes the one after waits until this one is committed, so
 * that no reader sees a later place before an earlier one.
 */
async function appendToFeed(tx: Transaction, { name, data }: News): Promise<void> {
  const position = await nextPosition(tx);
  await tx.$executeRaw`INSERT INTO revocation_feed (position, name, data) VALUES (${position}, ${name}, ${data})`;
}

async function nextPosition(tx: Transaction): Promise<number> {
  const raise = async () => (await tx.$queryRaw<{ position: bigint | number }[]>`
    UPDATE installation SET feed_position = COALESCE(feed_position, 0) + 1 WHERE id = 1
    RETURNING feed_position AS position`)[0];
  let raised = await raise();
  if (raised === undefined) {
    await createInstallation(tx);
    raised = await raise();
  }
  return Number(raised?.position);
}
