import { setTimeout as sleep } from "node:timers/promises";
import t from "../tap.js";

await t.test("a subtest that goes on", async (t) => {
  void Promise.reject(new Error("rejected, and nobody handles it"));
  await sleep(10);
  t.pass("it went on");
});
