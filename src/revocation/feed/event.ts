import type { Cutoff } from "../cutoff.js";
import type { Revocation } from "../journal.js";

/** What was revoked: which kind of entry, and the entry as JSON, as subscribers get it. */
export interface RevocationEvent { name: "revoked" | "issued_before"; data: string }
/** An event at its place. Ids of one epoch (the part before the last dot) are in the order of their texts. */
export interface FeedEvent extends RevocationEvent { id: string }

type Revoked = Pick<Revocation, "jti" | "expiresAt">;
/** NumericDate (RFC 7519 §2), not before `instant` (epoch ms). */
const numericDate = (instant: number): number => Math.ceil(instant / 1000);

/** A token that is revoked, and the NumericDate from which on nobody has to remember it. */
export interface RevokedToken { jti: string; exp: number }
/** A cut-off, under one of three names; `issued_before` is epoch milliseconds, as precise as a UUIDv7. */
export interface IssuedBefore { sub?: string; client_id?: string; kid?: string; issued_before: number; exp: number }

export const presentRevoked = ({ jti, expiresAt }: Revoked): RevokedToken => ({ jti, exp: numericDate(expiresAt) });
export const presentCutoff = ({ scope, value, issuedBefore, expiresAt }: Cutoff): IssuedBefore =>
  ({ [scope]: value, issued_before: issuedBefore, exp: numericDate(expiresAt) });

export const eventOfToken = (revocation: Revoked): RevocationEvent =>
  ({ name: "revoked", data: JSON.stringify(presentRevoked(revocation)) });
export const eventOfCutoff = (cutoff: Cutoff): RevocationEvent =>
  ({ name: "issued_before", data: JSON.stringify(presentCutoff(cutoff)) });

/** A part of the stream as subscribers get it; several events of one kind may share one. `reset` takes ids back by "". */
export interface FeedMessage {
  name: RevocationEvent["name"] | "reset" | "current" | "heartbeat";
  /** JSON texts; of a signal there are none. */
  data: readonly string[];
  id?: string;
}

export const messageOf = ({ name, data, id }: FeedEvent): FeedMessage => ({ name, data: [data], id });
