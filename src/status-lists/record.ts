import { hash } from "node:crypto";
import type { Name } from "../revocation/entry.js";

/**
 * The record of a token with a status, by which a cut-off finds the token's index: index (u32), time of issue (u48,
 * epoch ms), and 64 bits of the hashes of its subject, client and key. All little-endian; 34 bytes. A token with a
 * session has a second record, with the session's hash in place of the subject's: so batches of versions that recorded
 * no sessions have the same format, and replicas of those versions can read today's.
 */
export const RECORD_BYTES = 34;
const HASH_BYTES = 8;
const ISSUED_AT_OFFSET = 4;
/** The offsets of the three hashes. */
export const HASH_OFFSETS = [10, 18, 26] as const;
export const CLIENT_HASH_OFFSET = HASH_OFFSETS[1];

/**
 * 64 bits of SHA-256, enough that no two subjects collide by chance: a logout of one would revoke the other's tokens.
 */
export const nameHash = ({ scope, value }: Name): Buffer =>
  Buffer.from(hash("sha256", `${scope}:${value}`).slice(0, 2 * HASH_BYTES), "hex");

/** `issuedAt` is epoch milliseconds. */
export interface RecordedToken {
  index: number;
  issuedAt: number;
  sub: string;
  sid?: string | undefined;
  clientId: string;
  kid: string;
}

/** The token's record, or both. */
export function encodeToken({ sub, sid, ...token }: RecordedToken): Buffer {
  const record = encodeRecord({ scope: "sub", value: sub }, token);
  return sid === undefined ? record : Buffer.concat([record, encodeRecord({ scope: "sid", value: sid }, token)]);
}

function encodeRecord(holder: Name, { index, issuedAt, clientId, kid }: Omit<RecordedToken, "sub" | "sid">): Buffer {
  const record = Buffer.allocUnsafe(RECORD_BYTES);
  record.writeUInt32LE(index);
  record.writeUIntLE(issuedAt, ISSUED_AT_OFFSET, 6);
  nameHash(holder).copy(record, HASH_OFFSETS[0]);
  nameHash({ scope: "client_id", value: clientId }).copy(record, HASH_OFFSETS[1]);
  nameHash({ scope: "kid", value: kid }).copy(record, HASH_OFFSETS[2]);
  return record;
}

/** Both read from the record that begins at the byte `offset`. */
export const readIndex = (records: Buffer, offset: number): number => records.readUInt32LE(offset);
export const readIssuedAt = (records: Buffer, offset: number): number =>
  records.readUIntLE(offset + ISSUED_AT_OFFSET, 6);
