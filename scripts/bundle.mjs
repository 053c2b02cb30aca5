/**
 * esbuild's options: the service and the packages it uses become few files, which Node loads in a third of the time
 * that it needs for one file for each module. Paths are relative to `root`.
 */
export const bundle = (root, outdir) => ({
  absWorkingDir: root,
  outdir,
  // The two programs, and what scripts/, demo/ and bench/ import.
  entryPoints: [
    "src/server.ts", "src/cli.ts",
    "src/app.ts", "src/config/load.ts", "src/config/settings.ts",
    "src/status-lists/record.ts", "src/status-lists/status-list.ts",
  ],
  outbase: ".",
  bundle: true,
  splitting: true, // what is imported later has files of its own, and what two entry points share is loaded once
  chunkNames: "chunks/[name]-[hash]",
  format: "esm",
  platform: "node",
  target: "node20.19",
  // These read files of their own packages: a compiled library, and the pages of the documentation.
  external: ["@libsql/*", "@fastify/swagger-ui"],
  // Packages that are CommonJS load Node's own modules by `require`, which ES modules don't have.
  banner: {
    js: 'import { createRequire as __requireOf } from "node:module"; const require = __requireOf(import.meta.url);',
  },
  sourcemap: true,
  sourcesContent: false,
  logLevel: "silent", // errors are thrown too
});
