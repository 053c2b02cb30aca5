import { createRequire } from "node:module";

/** Whether Node was started with this module. The path may lack the file extension or contain a symbolic link. */
export function isMainModule({ url, filename }: ImportMeta): boolean {
  const [, started] = process.argv;
  return started !== undefined && createRequire(url).resolve(started) === filename;
}
