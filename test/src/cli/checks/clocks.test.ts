import t from "../../../support/tap.js";
import { compareClocks } from "../../../../src/cli/checks/clocks.js";

await t.test("clocks that differ by more than two seconds are a problem, either way", async (t) => {
  const apart = (milliseconds: number) => compareClocks("Redis's", 10_000 + milliseconds, 10_000);
  for (const little of [-2000, 0, 2000]) t.match(apart(little), ["ok", /agrees with Redis's/]);
  for (const much of [-2500, 2500]) t.match(apart(much), ["fail", /differ by 3 s.*NTP/]);
});
