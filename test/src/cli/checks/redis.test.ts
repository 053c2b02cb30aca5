import t from "../../../support/tap.js";
import { compareClocks } from "../../../../src/cli/checks/clocks.js";
import { checkServer } from "../../../../src/cli/checks/redis.js";

const PRIMARY = { role: "master", version: "6.2.0", cluster: false };
const SERVERS: [what: string, server: Partial<typeof PRIMARY>, problems: RegExp[]][] = [
  ["a primary of the oldest version", {}, []],
  ["a later version with a smaller second number", { version: "7.0.15" }, []],
  ["one of two digits", { version: "10.0.1" }, []],
  ["a server that hides its version", { version: undefined }, []],
  ["an older minor version", { version: "6.0.16" }, [/Redis 6\.0\.16 is too old.*upgrade/]],
  ["an older major version", { version: "5.9.0" }, [/too old/]],
  ["a read-only replica", { role: "slave" }, [/set it to the primary/]],
  ["a cluster of old servers", { version: "5.0.0", cluster: true }, [/too old/, /Redis Cluster is not supported/]],
];
for (const [what, server, problems] of SERVERS) {
  await t.test(what, async (t) => {
    const found = checkServer({ ...PRIMARY, ...server });
    t.equal(found.length, problems.length);
    t.match(found, problems.map((text) => ["fail", text]));
  });
}

await t.test("clocks that differ by more than two seconds are a problem, either way", async (t) => {
  const apart = (milliseconds: number) => compareClocks("Redis's", 10_000 + milliseconds, 10_000);
  for (const little of [-2000, 0, 2000]) t.match(apart(little), ["ok", /agrees with Redis's/]);
  for (const much of [-2500, 2500]) t.match(apart(much), ["fail", /differ by 3 s.*NTP/]);
});
