import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../support/root.js";

/** Every document for people, by its path from the root. */
export const DOCUMENTS = ["", "demo", "docs", "examples"].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { encoding: "utf8", recursive: folder !== "" })
    .filter((name) => name.endsWith(".md")).map((name) => join(folder, name)));

export const text = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** The contents of a document's blocks in `language`, in order. */
export const blocks = (path: string, language: string): string[] =>
  [...text(path).matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(([, block = ""]) => block);
