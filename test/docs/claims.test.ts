import t from "../support/tap.js";
import { RESERVED_CLAIMS } from "../../src/shared/claim-names.js";
import { text } from "./documents.js";

await t.test("the page of claims names every reserved claim, and no other", async (t) => {
  const [, section = ""] = /^## Reserved names\n([\s\S]*?)^## /m.exec(text("docs/claims.md")) ?? [];
  const rows = [...section.matchAll(/^\|([^|]*`[^|]*)\|/gm)].map(([, names = ""]) => names);
  const names = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
  t.same(names.toSorted(), [...RESERVED_CLAIMS].sort());
});
