import pino from "pino";

/** Bytes that are written at once, at the latest. */
const BUFFER = 8 * 1024;

let output: { write(line: string): void } | undefined;

/**
 * Standard output, for log lines. The lines of one turn of the event loop are written together: under load, a system
 * call for each line would cost more than all the rest of it. Lines are lost only where the process ends within the
 * turn without `exit`, by SIGKILL for example.
 */
export function logOutput(): { write(line: string): void } {
  return output ??= openOutput();
}

function openOutput(): { write(line: string): void } {
  const stdout = pino.destination({ dest: 1, sync: true, minLength: BUFFER });
  let isPlanned = false;
  const flush = (): void => {
    isPlanned = false;
    stdout.flush(); // `flushSync` waits for the disk where the output is a file
  };
  process.on("exit", () => {
    try {
      stdout.flush(); // notices a pipe without a reader, where `flushSync` would try for ever
      stdout.flushSync();
    } catch { /* the last lines can't be written */ }
  });
  return {
    write: (line) => {
      stdout.write(line);
      if (isPlanned) return;
      isPlanned = true;
      setImmediate(flush);
    },
  };
}
