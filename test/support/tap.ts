import root, { type Test } from "tap";

/**
 * What a test file imports as `t` instead of tap's own: tap's root test where the file has its process to itself, the
 * subtest of the file that runs now where several share one (see group.ts). The binding is live: it changes for all.
 */
let current: Test = root;

export { current as default };
export type { Test };

export const setCurrent = (t: Test): void => { current = t; };
