// `npm run dev` runs the service, and builds and restarts it when a file in src/, plugins/ or routes/ changes. It does
// not watch Prisma's models: run it again after you change them.
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { context } from "esbuild";
import { bundle } from "./bundle.mjs";

const root = resolve(import.meta.dirname, "..");
const builder = await context({ ...bundle(root, "dist"), logLevel: "info" });
await builder.rebuild();
await builder.watch();
const server = spawn(process.execPath, ["--watch", "--watch-preserve-output", "--enable-source-maps",
  "dist/src/server.js"], { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => { server.kill("SIGTERM"); });
server.once("exit", () => builder.dispose());
