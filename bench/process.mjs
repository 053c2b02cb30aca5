// CPU time and memory of a process, from the operating system, so that the server under test needs no changes.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

const LINUX = process.platform === "linux";
const TICKS_PER_SECOND = LINUX ? Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" })) : NaN;

/**
 * Seconds of processor time, user and system, of all threads of `pid` since its start. `withEnded`: also of its
 * children that have ended (Linux only).
 */
export function cpuSeconds(pid, withEnded = false) {
  if (!LINUX) return clockToSeconds(execFileSync("ps", ["-o", "time=", "-p", String(pid)], { encoding: "utf8" }));
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field, the name, may hold spaces: count from its closing parenthesis.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = fields.slice(11, withEnded ? 15 : 13).reduce((sum, field) => sum + Number(field), 0);
  return ticks / TICKS_PER_SECOND;
}

/** The resident memory of `pid` now, in MB. */
export function residentMemory(pid) {
  return Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })) * 1024 / 1e6;
}

/** Makes `peakMemory` start again from now. Linux only; does nothing elsewhere. */
export function resetPeak(pid) {
  if (LINUX) writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

/** The peak of `pid`'s resident memory, in MB. On other systems: its resident memory now. */
export function peakMemory(pid) {
  const kilobytes = LINUX
    ? /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
    : execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" });
  return Number(kilobytes) * 1024 / 1e6;
}

/** Converts "1:02.34" or "01:02:03" to seconds. */
const clockToSeconds = (clock) => clock.trim().split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
