import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import t from "../../support/tap.js";
import { localKeyEncryptionKey } from "../../../src/keys/key-encryption-key.js";
import { LOADER, moduleFile } from "../../support/root.js";
import { temporaryFolder } from "../../support/services.js";

await t.test("the first start makes 32 bytes that only the user can read, the next ones find them", async (t) => {
  const folder = join(temporaryFolder(t), "new", "data");
  const key = localKeyEncryptionKey(folder);
  t.equal(key.length, 32);
  t.strictSame(localKeyEncryptionKey(folder), key);
  t.strictSame(readdirSync(folder), ["key-encryption.key"], "no draft is left");
  t.equal(statSync(join(folder, "key-encryption.key")).mode & 0o777, 0o600);
  t.equal(statSync(folder).mode & 0o777, 0o700);
});

await t.test("two folders have two keys", async (t) => {
  t.notSame(localKeyEncryptionKey(temporaryFolder(t)), localKeyEncryptionKey(temporaryFolder(t)));
});

await t.test("a damaged file is never replaced", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "key-encryption.key");
  for (const text of ["", "c2hvcnQ=", Buffer.alloc(33).toString("base64")]) {
    writeFileSync(path, text);
    t.throws(() => localKeyEncryptionKey(folder), /does not hold 32 bytes in base64: restore it, because/);
    t.equal(readFileSync(path, "utf8"), text);
  }
});

await t.test("processes that start at once agree on one key", async (t) => {
  const folder = temporaryFolder(t);
  const module = pathToFileURL(moduleFile("src/keys/key-encryption-key")).href;
  const code = `
    const { localKeyEncryptionKey } = await import(${JSON.stringify(module)});
    process.stdout.write("ready\\n");
    process.stdin.once("data",
      () => { console.log(localKeyEncryptionKey(${JSON.stringify(folder)}).toString("hex")); process.exit(); });`;
  const children = Array.from({ length: 3 }, () =>
    spawn(process.execPath, [...LOADER, "--input-type=module", "-e", code],
      { stdio: ["pipe", "pipe", "inherit"] }));
  await Promise.all(children.map(({ stdout }) => once(stdout, "data")));
  const keys = children.map(async ({ stdout }) => String((await once(stdout, "data") as [Buffer])[0]).trim());
  for (const { stdin } of children) stdin.write("go\n");
  const made = new Set(await Promise.all(keys));
  t.strictSame([...made], [localKeyEncryptionKey(folder).toString("hex")]);
});
