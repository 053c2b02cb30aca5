import type { Cutoff } from "../cutoff.js";
import type { Revocation } from "../journal.js";

/** One piece of news: which kind, and what of it as JSON, as subscribers get to see it. */
export interface RevocationEvent { name: "revoked" | "issued_before"; data: string }
/** RevocationEvent at its place. Ids of one epoch (what stands before the last dot) are in the order of their texts. */
export interface FeedEvent extends RevocationEvent { id: string }

type Revoked = Pick<Revocation, "jti" | "expiresAt">;
/** NumericDate (RFC 7519 §2), not before `instant` (epoch ms). */
const numericDate = (instant: number): number => Math.ceil(instant / 1000);

/** A token that is revoked, and until when that matters. */
export interface RevokedToken { jti: string; exp: number }
/** What a cut-off ends, by one of three names; `issued_before` is epoch milliseconds, as precise as a UUIDv7. */
export interface IssuedBefore { sub?: string; client_id?: string; kid?: string; issued_before: number; exp: number }

export const presentRevoked = ({ jti, expiresAt }: Revoked): RevokedToken => ({ jti, exp: numericDate(expiresAt) });
export const presentCutoff = ({ scope, value, issuedBefore, expiresAt }: Cutoff): IssuedBefore =>
  ({ [scope]: value, issued_before: issuedBefore, exp: numericDate(expiresAt) });

export const eventOfToken = (revocation: Revoked): RevocationEvent =>
  ({ name: "revoked", data: JSON.stringify(presentRevoked(revocation)) });
export const eventOfCutoff = (cutoff: Cutoff): RevocationEvent =>
  ({ name: "issued_before", data: JSON.stringify(presentCutoff(cutoff)) });

/** What subscribers get besides news. */
type Signal = "reset" | "current" | "heartbeat";

/** An event of a stream of Server-Sent Events (WHATWG HTML §9.2); several pieces of news of one kind may share one. */
export function frame(name: RevocationEvent["name"] | Signal, data: readonly string[], id?: string): string {
  const content = name === "revoked" || name === "issued_before" ? `[${data.join(",")}]` : "{}";
  return `event: ${name}\n${id === undefined ? "" : `id: ${id}\n`}data: ${content}\n\n`;
}
