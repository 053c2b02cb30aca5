import { Readable, Writable } from "node:stream";
import { run } from "../../src/cli.js";
import type { Environment } from "../../src/cli/context.js";
import type { Finished } from "./process.js";

/**
 * Runs the command line in this process, with no settings but `env`: a process of its own takes a second more. With
 * `answer` a person sits at the terminal, and types that.
 */
export async function cli(args: string[], env: Environment = {}, answer?: string): Promise<Finished> {
  const [stdout, stderr] = [new Collected(), new Collected()];
  const isTTY = answer !== undefined;
  const stdin = Readable.from(isTTY ? [answer] : []);
  // What a command logs would be in the way of those who look at the rest.
  const code = await run(args, { LOG_LEVEL: "warn", ...env }, {
    stdin: Object.assign(stdin, { isTTY }), stdout, stderr: Object.assign(stderr, { isTTY }),
  });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

class Collected extends Writable {
  text = "";
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
