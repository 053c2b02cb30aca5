import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { binary, missing, type Suite, temporaryFolder } from "./services.js";

export interface SmallDisk {
  path: string;
  /** Takes all room that is left. Returns how to give it back. */
  fill(): () => void;
}

/** A file system of its own, of so many MiB. */
export function smallDisk(t: Suite, size: number): SmallDisk | undefined {
  const path = temporaryFolder(t);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}m`, "tmpfs", path], { stdio: "ignore" });
  } catch {
    return missing(t, "the right to mount a file system",
      binary("mount") === undefined ? "was not found" : "was refused");
  }
  t.teardown(() => { execFileSync("umount", ["--lazy", path]); });
  const filler = join(path, "filler");
  return {
    path,
    fill: () => {
      for (let bytes = size << 20; bytes >= 4096;) { // until not one page is left
        try {
          writeFileSync(filler, Buffer.alloc(bytes), { flag: "a" });
        } catch {
          bytes >>= 1;
        }
      }
      return () => { rmSync(filler, { force: true }); };
    },
  };
}
