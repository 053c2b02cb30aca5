import t from "../tap.js";

await t.test("a subtest that never ends", async () => {
  setTimeout(() => { throw new Error("thrown by a timer"); }, 1);
  await new Promise(() => undefined);
});
