import type { Entry, Name } from "./entry.js";

/**
 * A place in the log: behind the entry at `position`. `tag` is that entry's random tag, so that a log which was
 * restored from a backup, and uses positions again, is not taken for the log that it was before. The place before the
 * first entry is position 0 with an empty tag.
 */
export interface Place { position: number; tag: string }
export const BEGINNING: Place = { position: 0, tag: "" };
export const isSamePlace = (a: Place, b: Place): boolean => a.position === b.position && a.tag === b.tag;

/** An entry and its place. */
export interface LogEntry extends Entry, Place {}

/**
 * Entries, and the history of commits from which they were read: another one whenever the database may have gone back,
 * because a server takes over, starts again, or a backup is restored. It never returns to an earlier one. STANDBY: the
 * server repeats another one's commits, late. Null: not known.
 */
export interface LogPage { entries: LogEntry[]; history: string | null }
export const STANDBY = "standby";

/** Whether the log has an entry at this place, which is not the beginning. */
export async function hasPlace(log: Pick<RevocationLog, "read">, place: Place): Promise<boolean> {
  const { entries: [found] } = await log.read(place.position, 1);
  return found !== undefined && isSamePlace(found, place);
}

/**
 * Everything that is revoked, in the database: one list of entries in the order of their commits. Entries never change.
 * They are deleted when they expired (see `sweep`); positions may have gaps.
 */
export interface RevocationLog {
  /**
   * Appends the entries, all of them or none. Durable when it resolves. A later call, by any process, gets higher
   * positions, and no reader sees an entry before one of a lower position. Positions are higher than `above`.
   */
  append(entries: readonly Entry[], above?: number): Promise<void>;
  /** Up to `limit` entries whose position is `from` or higher, in order. */
  read(from: number, limit: number): Promise<LogPage>;
  /** The entries with one of these names, without their entries in status lists. */
  find(names: readonly Name[]): Promise<Entry[]>;
  /** The instant (epoch ms) up to which expired entries may be deleted. */
  horizon(): Promise<number>;
  /** Moves the horizon, unless another process has moved it since it was read as `from`. Resolves to whether it did. */
  moveHorizon(from: number, to: number): Promise<boolean>;
  /** Deletes up to `limit` entries that expired at or before the horizon, never the last entry; returns how many. */
  sweep(limit: number): Promise<number>;
}
