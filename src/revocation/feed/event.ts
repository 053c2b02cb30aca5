import type { Cutoff } from "../cutoff.js";
import type { Revocation } from "../journal.js";

/** What was revoked, as subscribers receive it: the kind of entry, and the entry as JSON. */
export interface RevocationEvent { name: "revoked" | "issued_before"; data: string }
/** An event with its id. Ids of one epoch (the part before the last dot) sort as text in the order of the events. */
export interface FeedEvent extends RevocationEvent { id: string }

type Revoked = Pick<Revocation, "jti" | "expiresAt">;
/** NumericDate (RFC 7519 §2), not before `instant` (epoch ms). */
const numericDate = (instant: number): number => Math.ceil(instant / 1000);

/** A revoked token, and the NumericDate from which the entry is no longer needed. */
export interface RevokedToken { jti: string; exp: number }
/** A cut-off; exactly one of `sub`, `client_id` and `kid` is set. `issued_before` is epoch ms, as in a UUIDv7. */
export interface IssuedBefore { sub?: string; client_id?: string; kid?: string; issued_before: number; exp: number }

export const presentRevoked = ({ jti, expiresAt }: Revoked): RevokedToken => ({ jti, exp: numericDate(expiresAt) });
export const presentCutoff = ({ scope, value, issuedBefore, expiresAt }: Cutoff): IssuedBefore =>
  ({ [scope]: value, issued_before: issuedBefore, exp: numericDate(expiresAt) });

export const eventOfToken = (revocation: Revoked): RevocationEvent =>
  ({ name: "revoked", data: JSON.stringify(presentRevoked(revocation)) });
export const eventOfCutoff = (cutoff: Cutoff): RevocationEvent =>
  ({ name: "issued_before", data: JSON.stringify(presentCutoff(cutoff)) });

/**
 * A message of the stream; several events of one kind may share one. `reset` has the id "", which makes a client forget
 * its last event id.
 */
export interface FeedMessage {
  name: RevocationEvent["name"] | "reset" | "current" | "heartbeat";
  /** JSON texts; empty for reset, current and heartbeat. */
  data: readonly string[];
  id?: string;
}

export const messageOf = ({ name, data, id }: FeedEvent): FeedMessage => ({ name, data: [data], id });
