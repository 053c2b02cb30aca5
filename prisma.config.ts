import { defineConfig } from "prisma/config";

// These commands never run the schema engine, and still insist on downloading it: any existing file satisfies them.
if (["generate", "validate", "format"].includes(process.argv[2] ?? "")) {
  process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;
}

const url = process.env.DATABASE_URL ?? "file:./data/authflow.db";
const dialect = /^postgres(ql)?:/.test(url) ? "postgresql" : "sqlite";

export default defineConfig({
  schema: `prisma/${dialect}`,
  migrations: { path: `prisma/migrations/${dialect}` },
  datasource: { url },
});
