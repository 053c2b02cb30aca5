import { randomFillSync } from "node:crypto";

const POOL_UUIDS = 256;
const pool = Buffer.allocUnsafe(POOL_UUIDS * 10);
let used = POOL_UUIDS;

/** A UUIDv7 (RFC 9562 §5.7): 48 bits of epoch milliseconds, then 74 random bits. */
export function uuidv7(now: number): string {
  if (used === POOL_UUIDS) {
    randomFillSync(pool); // one call for many ids: a call to the system's generator costs far more than a copy
    used = 0;
  }
  const random = pool.subarray(used * 10, ++used * 10);
  random[0] = 0x70 | ((random[0] as number) & 0x0f); // version 7
  random[2] = 0x80 | ((random[2] as number) & 0x3f); // variant 10
  const hex = now.toString(16).padStart(12, "0") + random.toString("hex");
  random.fill(0);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

