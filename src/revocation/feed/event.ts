import { type Entry, FOREVER, isCutoff, type Name, partsOf } from "../entry.js";
import type { Place } from "../log.js";

/** A revoked token, and the NumericDate (RFC 7519 §2) from which the entry is no longer needed. */
export interface RevokedToken { jti: string; exp: number }
/**
 * A cut-off; exactly one of `sub`, `sid`, `client_id` and `kid` is set. With `issued_to`, only those tokens of `sub` or
 * `sid` that this client was issued. `issued_before` is epoch ms, as in a UUIDv7.
 */
export interface IssuedBefore {
  sub?: string;
  sid?: string;
  issued_to?: string;
  client_id?: string;
  kid?: string;
  issued_before: number;
  exp: number;
}

/**
 * A message of the stream; several entries of one kind may share one. `reset` has the id "", which makes a client
 * forget its last event id.
 */
export interface FeedMessage {
  name: "revoked" | "issued_before" | "reset" | "current" | "heartbeat";
  /** JSON texts; empty for reset, current and heartbeat. */
  data: readonly string[];
  id?: string;
}

/** Not before `instant` (epoch ms). */
const numericDate = (instant: number): number => Math.ceil(Math.min(instant, FOREVER) / 1000);

export const presentRevoked = ({ value, expiresAt }: Entry): RevokedToken =>
  ({ jti: value, exp: numericDate(expiresAt) });
export const presentCutoff = ({ scope, value, issuedBefore, expiresAt }: Entry): IssuedBefore =>
  ({ ...presentName({ scope, value }), issued_before: issuedBefore, exp: numericDate(expiresAt) });

/**
 * Not `client_id` beside `sub`: a subscriber of an earlier version would revoke all tokens of the client. Without
 * knowing `issued_to` it revokes the subject's tokens of other clients too, and misses none.
 */
function presentName(whole: Name): Omit<IssuedBefore, "issued_before" | "exp"> {
  const { name: { scope, value }, clientId } = partsOf(whole);
  return { [scope]: value, ...(clientId !== undefined && { issued_to: clientId }) };
}

/** UTF-16 units of JSON in a message. A line of the stream stays below 16 KB, also if each unit takes three bytes. */
const MAX_DATA = 5000;

/** Messages with all of the entries, without ids. */
export function messagesOf(entries: Iterable<Entry>): FeedMessage[] {
  const messages: FeedMessage[] = [];
  let open: { name: FeedMessage["name"]; data: string[]; size: number } | undefined;
  for (const entry of entries) {
    const name = isCutoff(entry) ? "issued_before" : "revoked";
    const text = JSON.stringify(isCutoff(entry) ? presentCutoff(entry) : presentRevoked(entry));
    if (open === undefined || open.name !== name || open.size + text.length > MAX_DATA) {
      open = { name, data: [], size: 0 };
      messages.push(open);
    }
    open.data.push(text);
    open.size += text.length;
  }
  return messages;
}

const ID = /^log\.(\d{15})(?:-([0-9a-f]{8}))?$/;
/** Padded, so that ids sort as text in the order of the log. */
export const toId = ({ position, tag }: Place): string =>
  `log.${String(position).padStart(15, "0")}${tag === "" ? "" : `-${tag}`}`;
/** Undefined for what is no id of this log's form. */
export function placeOf(id: string): Place | undefined {
  const [, position, tag = ""] = ID.exec(id) ?? [];
  return position === undefined ? undefined : { position: Number(position), tag };
}
