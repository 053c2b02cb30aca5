import type { Finding } from "./check.js";

/** Milliseconds by which two clocks may differ before strict verifiers refuse tokens as expired or not yet valid. */
const TOLERANCE = 2000;

/** Both times are epoch milliseconds; `theirs` may be rounded down to the second. */
export function compareClocks(whose: string, theirs: number, ours: number): Finding {
  const apart = Math.abs(ours - theirs);
  if (apart <= TOLERANCE) return ["ok", `this machine's clock agrees with ${whose}`];
  return ["fail", `this machine's clock and ${whose} differ by ${Math.round(apart / 1000)} s: synchronise both (NTP)`];
}
