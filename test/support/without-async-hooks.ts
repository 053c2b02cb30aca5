import hooks from "node:async_hooks";
import { syncBuiltinESMExports } from "node:module";

/**
 * Imported before tap. tap follows each promise by async hooks, only to find the test that an uncaught error belongs
 * to: a tenth of all the time that tests take. Files run one after another here, so group.ts knows without them.
 */
hooks.createHook = () => {
  const none = { enable: () => none, disable: () => none };
  return none;
};
syncBuiltinESMExports();
