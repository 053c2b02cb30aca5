import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import type { Streams } from "./context.js";

/** Prints a text unchanged, and anything else as JSON. */
export function print({ stdout }: Pick<Streams, "stdout">, value: unknown): void {
  stdout.write(`${typeof value === "string" ? value : JSON.stringify(value, null, 2)}\n`);
}

interface ListForm<T> { json: boolean | undefined; line: (item: T) => string; present: (item: T) => unknown }

/** Prints one line for each item, or with `json` one JSON array. */
export function printList<T>(
  streams: Pick<Streams, "stdout">,
  items: readonly T[],
  { json, line, present }: ListForm<T>,
): void {
  if (json) return print(streams, items.map(present));
  for (const item of items) print(streams, line(item));
}

/** Resolves if `yes` is set or the user agrees. Rejects if the answer is no, or if there is no terminal. */
export async function confirm({ stdin, stderr }: Streams, question: string, yes = false): Promise<void> {
  if (yes) return;
  if (!stdin.isTTY || !stderr.isTTY) throw new Error(`${question} There is no terminal to ask on: confirm with --yes`);
  const terminal = createInterface({ input: stdin, output: stderr, terminal: false });
  const closed = once(terminal, "close").then(() => ""); // the end of the input counts as no
  const answer = await Promise.race([terminal.question(`${question} [y/N] `), closed]);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new Error("Cancelled: nothing was changed");
}
