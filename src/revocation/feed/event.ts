import type { Cutoff } from "../cutoff.js";
import type { Revocation } from "../journal.js";

/** One piece of news: which kind, and what of it as JSON, as subscribers get to see it. */
export interface News { name: "revoked" | "revoked-before"; data: string }
/** News at its place. Ids of one epoch (what stands before the last dot) are in the order of their texts. */
export interface FeedEvent extends News { id: string }

type Revoked = Pick<Revocation, "jti" | "expiresAt">;
/** NumericDate (RFC 7519 §2), not before `instant` (epoch ms). */
const numericDate = (instant: number): number => Math.ceil(instant / 1000);

/** A token that is revoked, and until when that matters. */
export interface RevokedToken { jti: string; exp: number }
/** What a cut-off ends, by one of three names; `born_before` is epoch milliseconds, as precise as a UUIDv7. */
export interface EndedBefore { sub?: string; client_id?: string; kid?: string; born_before: number; exp: number }

export const presentRevoked = ({ jti, expiresAt }: Revoked): RevokedToken => ({ jti, exp: numericDate(expiresAt) });
export const presentCutoff = ({ scope, value, bornBefore, expiresAt }: Cutoff): EndedBefore =>
  ({ [scope]: value, born_before: bornBefore, exp: numericDate(expiresAt) });

export const newsOfToken = (revocation: Revoked): News =>
  ({ name: "revoked", data: JSON.stringify(presentRevoked(revocation)) });
export const newsOfCutoff = (cutoff: Cutoff): News =>
  ({ name: "revoked-before", data: JSON.stringify(presentCutoff(cutoff)) });

/** What subscribers get besides news. */
type Signal = "reset" | "current" | "heartbeat";

/** An event of a stream of Server-Sent Events (WHATWG HTML §9.2); several pieces of news of one kind may share one. */
export function frame(name: News["name"] | Signal, data: readonly string[], id?: string): string {
  const content = name.startsWith("revoked") ? `[${data.join(",")}]` : "{}";
  return `event: ${name}\n${id === undefined ? "" : `id: ${id}\n`}data: ${content}\n\n`;
}
