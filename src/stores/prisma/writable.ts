import { constants } from "node:fs";
import { access, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { sqlitePath } from "../../config/database-url.js";
import type { Db } from "./db.js";
import { driverCode, READ_ONLY } from "./driver-errors.js";

/** Bytes that SQLite must be able to add to its files: a few pages of the write-ahead log. */
const ROOM = 64 * 1024;

/** Whether the database accepts writes, as far as that is known without one. Rejects if it does not answer. */
export async function isWritable({ prisma, postgres }: Db, url: string): Promise<boolean> {
  if (postgres) {
    // Writes nothing and locks no row, but needs the right to write. An error also makes the pool close its connection.
    return prisma.$executeRaw`UPDATE installation SET id = id WHERE false`.then(() => true, (error: unknown) => {
      if (driverCode(error) === READ_ONLY) return false;
      throw error;
    });
  }
  await prisma.$queryRaw`SELECT 1`;
  const path = sqlitePath(url);
  const writable = await Promise.all([access(path, constants.W_OK), access(dirname(path), constants.W_OK)])
    .then(() => true, () => false);
  const { bavail, bfree, blocks, bsize } = await statfs(dirname(path));
  const free = process.getuid?.() === 0 ? bfree : bavail; // the rest is reserved for root
  return writable && (blocks === 0 || free * bsize >= ROOM); // 0: a file system that does not say
}
