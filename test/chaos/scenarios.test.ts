import t from "../support/tap.js";
import { ALONE, BEHIND_HAPROXY, BEHIND_PGBOUNCER, KINDS, WITH_POSTGRES, WITH_REDIS } from "./scenarios.js";

const PLANS = { ALONE, BEHIND_HAPROXY, BEHIND_PGBOUNCER, WITH_POSTGRES, WITH_REDIS };
const kindsOf = (form: "all" | "short") =>
  new Set(Object.values(PLANS).flatMap((plan) => plan[form].map(({ kind }) => kind)));

t.test("each kind of harm happens on each push, and to each world something", async (t) => {
  t.strictSame([...kindsOf("all")].sort(), [...KINDS].sort());
  t.strictSame([...kindsOf("short"), "none"].sort(), [...KINDS].sort());
  for (const [name, { all, short }] of Object.entries(PLANS)) {
    t.ok(short.length > 0, name);
    t.strictSame(short, all.filter((scenario) => short.includes(scenario)), `${name} keeps its order`);
  }
});
