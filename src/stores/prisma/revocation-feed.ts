import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { FeedEvent, RevocationEvent } from "../../revocation/feed/event.js";
import type { FeedJournal } from "../../revocation/feed/source.js";
import type { Db } from "./db.js";
import type { Prisma } from "./generated/sqlite/client.js";

type Row = RevocationEvent & { position: bigint | number | null; tag: string | null; newest: bigint | number | null };

/** Milliseconds between two reads for events that another process recorded. */
const POLL_INTERVAL = 400;
const EVENT_ID = /^journal\.(\d{15})(?:-([0-9a-f]{8}))?$/;
/**
 * Padded, so that ids sort as text in the order of the positions. The tag is random and identifies the event itself. A
 * subscriber whose id has another tag at this position got its event before the database was restored from a backup,
 * and may have missed events. A position that holds no event, such as 0, has no tag.
 */
const toId = (position: number, tag: string): string =>
  `journal.${String(position).padStart(15, "0")}${tag === "" ? "" : `-${tag}`}`;

export function feedJournal({ prisma, batch }: Db): FeedJournal {
  return {
    head: async () => {
      const [row] = await prisma.$queryRaw<Pick<Row, "newest" | "tag">[]>`
        SELECT feed_position AS newest, tag FROM installation LEFT JOIN revocation_feed ON position = feed_position
        WHERE id = 1`;
      return toId(Number(row?.newest ?? 0), row?.tag ?? "");
    },

    after: async (id, limit) => {
      const [, digits, tag = ""] = EVENT_ID.exec(id) ?? [];
      if (digits === undefined) return undefined;
      const after = Number(digits);
      // In one statement: an event recorded between two statements would look like a gap.
      const rows = await prisma.$queryRaw<Row[]>`
        SELECT installation.feed_position AS newest, found.position, found.tag, found.name, found.data
        FROM installation LEFT JOIN (
          SELECT position, tag, name, data FROM revocation_feed
          WHERE position >= ${after} ORDER BY position LIMIT ${limit + 1}
        ) AS found ON true
        WHERE installation.id = 1 ORDER BY found.position`;
      const events = rows.flatMap(({ position, tag: own, name, data }): FeedEvent[] =>
        (position === null ? [] : [{ id: toId(Number(position), own ?? ""), name, data }]));
      if (events[0]?.id === id) return events.slice(1);
      if (tag !== "") return undefined;
      // An id without a tag. Positions have no gaps: if the next one is missing, it was deleted or abandoned.
      if (events.length > 0) return events[0]?.id.startsWith(toId(after + 1, "")) ? events.slice(0, limit) : undefined;
      return Number(rows[0]?.newest ?? 0) === after ? [] : undefined;
    },

    waitForEvents: async (_id, signal) => { await sleep(POLL_INTERVAL, undefined, { signal }).catch(() => undefined); },

    abandon: async () => {
      await batch([raisePosition(prisma), prisma.revocationFeedEntry.deleteMany()]);
    },

    sweep: async (keep) => prisma.$executeRaw`
      DELETE FROM revocation_feed
      WHERE position < (SELECT COALESCE(feed_position, 0) FROM installation WHERE id = 1) - ${keep}`,
  };
}

/**
 * Runs the statements that record a revocation. If the database publishes the feed (`published`), it appends the event
 * in the same transaction. The position is raised last: the transaction that raises it next waits for this commit, so
 * that no reader sees a later position before an earlier one.
 */
export async function recordWithEvent(
  { prisma, batch }: Db,
  published: boolean,
  event: RevocationEvent,
  statements: Prisma.PrismaPromise<number>[],
): Promise<void> {
  if (!published && statements.length === 1) return void await statements[0];
  await batch([...statements, ...(published ? appendEvent(prisma, event) : [])]);
}

const appendEvent = (prisma: Db["prisma"], { name, data }: RevocationEvent): Prisma.PrismaPromise<number>[] => [
  raisePosition(prisma),
  prisma.$executeRaw`
    INSERT INTO revocation_feed (position, tag, name, data)
    SELECT feed_position, ${randomBytes(4).toString("hex")}, ${name}, ${data} FROM installation WHERE id = 1`,
];

/** Creates the installation's row if there is none. */
const raisePosition = (prisma: Db["prisma"]): Prisma.PrismaPromise<number> => prisma.$executeRaw`
  INSERT INTO installation (id, uuid, client_revision, ring_revision, feed_position)
  VALUES (1, ${randomUUID()}, 0, 0, 1)
  ON CONFLICT (id) DO UPDATE SET feed_position = COALESCE(installation.feed_position, 0) + 1`;
