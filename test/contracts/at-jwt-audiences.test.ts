import t from "../support/tap.js";
import type { MintPolicy } from "../../src/clients/client.js";
import { migrate } from "../../src/stores/prisma/database.js";
import { onEveryDialect, run } from "./dialects.js";
import { aClient } from "./samples.js";

const MIGRATION = "20261127001500_at_jwt_audiences";

/** What a policy of the version before becomes. */
const CASES: [before: Partial<MintPolicy>, after: string[] | null][] = [
  [{}, null], [{ audiences: null, default_audience: null }, null], [{ audiences: [], default_audience: null }, null],
  [{ audiences: null, default_audience: ["api"] }, ["api"]], [{ audiences: ["b", "a"] }, ["a", "b"]],
  [{ audiences: ["b", "api"], default_audience: ["api", "it's \"quoted\""] }, ["api", "b", "it's \"quoted\""]],
];

await onEveryDialect(t, async (t, { url, open }) => {
  const { clients } = await open();
  const policies = CASES.map(([policy]) => policy as MintPolicy);
  const before = await Promise.all(policies.map((policy) => clients.insert(aClient({ policy }))));
  const removed = await clients.insert(aClient());
  await clients.delete(removed.id, 0);
  await run(url, `DELETE FROM _prisma_migrations WHERE migration_name = '${MIGRATION}'`);
  t.strictSame(await migrate(url), [MIGRATION]);
  for (const [index, [policy, audiences]] of CASES.entries()) {
    const client = await clients.find((before[index] as { id: string }).id);
    t.match(client?.policy, policy);
    t.strictSame(client?.policy.at_jwt_audiences?.toSorted() ?? null, audiences, JSON.stringify(policy));
  }
});
