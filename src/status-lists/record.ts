import { hash } from "node:crypto";
import type { CutoffName } from "../revocation/cutoff.js";

/**
 * What is kept of a token with a status, because a cut-off has to find its index: index (u32), birth (u48, epoch ms),
 * and the beginnings of the hashes of its subject, client and key. All little-endian; 34 bytes.
 */
export const RECORD_BYTES = 34;
const HASH_BYTES = 8;
const BIRTH_AT = 4;
/** Where the three hashes stand. */
export const HASHES_AT = [10, 18, 26] as const;

/** 64 bits of SHA-256: nobody finds a subject by chance or by trying whose log-out would end another's tokens. */
export const nameHash = ({ scope, value }: CutoffName): Buffer =>
  Buffer.from(hash("sha256", `${scope}:${value}`).slice(0, 2 * HASH_BYTES), "hex");

export interface RecordedToken { index: number; birth: number; sub: string; clientId: string; kid: string }

export function encodeRecord({ index, birth, sub, clientId, kid }: RecordedToken): Buffer {
  const record = Buffer.allocUnsafe(RECORD_BYTES);
  record.writeUInt32LE(index);
  record.writeUIntLE(birth, BIRTH_AT, 6);
  nameHash({ scope: "sub", value: sub }).copy(record, HASHES_AT[0]);
  nameHash({ scope: "client_id", value: clientId }).copy(record, HASHES_AT[1]);
  nameHash({ scope: "kid", value: kid }).copy(record, HASHES_AT[2]);
  return record;
}

export const indexAt = (records: Buffer, at: number): number => records.readUInt32LE(at);
export const birthAt = (records: Buffer, at: number): number => records.readUIntLE(at + BIRTH_AT, 6);
