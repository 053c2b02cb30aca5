import { chmodSync, existsSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { missing, type Suite, temporaryFolder } from "./services.js";

/** Debian's package faketime. */
const FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

/** The wall clock of the processes that are started with `env`. Their monotonic clock is the machine's. */
export interface FakeClock {
  env: Record<string, string>;
  /** Sets it off by that many seconds from the machine's. */
  step(seconds: number): void;
}

/** A clock that can be set while processes run by it. Undefined, and said so, if this machine lacks libfaketime. */
export function fakeClock(t: Suite): FakeClock | undefined {
  if (!existsSync(FAKETIME)) return missing(t, "libfaketime (Debian's faketime)");
  const folder = temporaryFolder(t);
  chmodSync(folder, 0o755); // a process of another user reads it
  const file = join(folder, "clock");
  const step = (seconds: number): void => {
    writeFileSync(`${file}.new`, `${seconds < 0 ? "-" : "+"}${Math.abs(seconds)}`);
    renameSync(`${file}.new`, file); // no reader sees half of it
  };
  step(0);
  const env = {
    // Redis's allocator asks for the time while it starts; with libc's, the library does not call itself.
    LD_PRELOAD: `${FAKETIME}:libc.so.6`,
    FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: "1", FAKETIME_DONT_FAKE_MONOTONIC: "1",
  };
  return { env, step };
}
