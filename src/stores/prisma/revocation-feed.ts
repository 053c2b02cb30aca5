import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { FeedEvent, RevocationEvent } from "../../revocation/feed/event.js";
import type { FeedJournal } from "../../revocation/feed/source.js";
import type { Db } from "./db.js";
import type { Prisma } from "./generated/sqlite/client.js";

type Row = RevocationEvent & { position: bigint | number | null; tag: string | null; newest: bigint | number | null };

/** Milliseconds between two reads for what another process recorded. */
const POLL_INTERVAL = 400;
const PLACE = /^journal\.(\d{15})(?:-([0-9a-f]{8}))?$/;
/**
 * Padded, so that the order of the texts is the order of the places. The tag names the event itself: who was told of
 * another one at this place, by a database that was set back since, may have missed what came before. Where nothing was
 * told yet there is none.
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
      const [, digits, tag = ""] = PLACE.exec(id) ?? [];
      if (digits === undefined) return undefined;
      const after = Number(digits);
      // In one statement: what comes between two would look like a loss.
      const rows = await prisma.$queryRaw<Row[]>`
        SELECT installation.feed_position AS newest, found.position, found.tag, found.name, found.data
        FROM installation LEFT JOIN (
          SELECT position, tag, name, data FROM revocation_feed WHERE position >= ${after} ORDER BY position LIMIT ${limit + 1}
        ) AS found ON true
        WHERE installation.id = 1 ORDER BY found.position`;
      const events = rows.flatMap(({ position, tag: own, name, data }): FeedEvent[] =>
        (position === null ? [] : [{ id: toId(Number(position), own ?? ""), name, data }]));
      if (events[0]?.id === id) return events.slice(1);
      if (tag !== "") return undefined;
      // A beginning. There are no gaps: where the next place is not the first one found, it was forgotten or abandoned.
      if (events.length > 0) return events[0]?.id.startsWith(toId(after + 1, "")) ? events.slice(0, limit) : undefined;
      return Number(rows[0]?.newest ?? 0) === after ? [] : undefined;
    },

    waitForEvents: async (_id, signal) => { await sleep(POLL_INTERVAL, undefined, { signal }).catch(() => undefined); },

    abandon: async () => {
      await batch([takingPlace(prisma), prisma.revocationFeedEntry.deleteMany()]);
    },

    sweep: async (keep) => prisma.$executeRaw`
      DELETE FROM revocation_feed
      WHERE position < (SELECT COALESCE(feed_position, 0) FROM installation WHERE id = 1) - ${keep}`,
  };
}

/**
 * Runs the statements that record something, and where nothing else will tell of it (`alone`) puts it into the feed as
 * well: all or nothing. The place is taken last: whoever takes the next one waits until this one is committed, so that no
 * reader sees a later place before an earlier one.
 */
export async function recording(
  { prisma, batch }: Db,
  alone: boolean,
  event: RevocationEvent,
  statements: Prisma.PrismaPromise<number>[],
): Promise<void> {
  if (!alone && statements.length === 1) return void await statements[0];
  await batch([...statements, ...(alone ? appending(prisma, event) : [])]);
}

const appending = (prisma: Db["prisma"], { name, data }: RevocationEvent): Prisma.PrismaPromise<number>[] => [
  takingPlace(prisma),
  prisma.$executeRaw`
    INSERT INTO revocation_feed (position, tag, name, data)
    SELECT feed_position, ${randomBytes(4).toString("hex")}, ${name}, ${data} FROM installation WHERE id = 1`,
];

/** Also where nobody has named the installation yet. */
const takingPlace = (prisma: Db["prisma"]): Prisma.PrismaPromise<number> => prisma.$executeRaw`
  INSERT INTO installation (id, uuid, client_revision, ring_revision, feed_position) VALUES (1, ${randomUUID()}, 0, 0, 1)
  ON CONFLICT (id) DO UPDATE SET feed_position = COALESCE(installation.feed_position, 0) + 1`;
