import { createRequire } from "node:module";

/** Whether Node was started with this module; its path may lack its ending or lead through a symbolic link. */
export function isMainModule({ url, filename }: ImportMeta): boolean {
  const [, started] = process.argv;
  return started !== undefined && createRequire(url).resolve(started) === filename;
}
