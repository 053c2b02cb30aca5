// `npm run dev` runs the service, and compiles and restarts it when a file in src/, plugins/ or routes/ changes. It
// does not watch Prisma's models: run it again after you change them.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const start = (...args) => spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });

const parts = [
  start(tsc, "-p", "tsconfig.build.json", "--watch", "--preserveWatchOutput"),
  start("--watch", "--watch-preserve-output", "--enable-source-maps", "dist/src/server.js"),
];
/** If one process ends, the other is stopped too: alone it would look as if everything still worked. */
const stop = (signal) => { for (const part of parts) part.kill(signal); };
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => { stop("SIGTERM"); });
for (const part of parts) part.once("exit", () => { stop("SIGTERM"); });
