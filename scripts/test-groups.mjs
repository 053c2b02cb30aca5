/**
 * Test files of one group share a process. A file belongs to the first group with a path to it or to a folder above
 * it; a file without a group has its own process. Each process takes a second to load the application, so fast files
 * share one. Files that start processes, or that wait, are in other groups, which run in parallel. Groups start in
 * this order: the slowest first, and those that wait for most of their time beside those that compute.
 */
const GROUPS = {
  "e2e-browser": [
    "test/e2e/login-browser.test.ts", "test/e2e/login-pages.test.ts", "test/e2e/authorize-pages.test.ts",
    "test/e2e/docs-browser.test.ts",
    "test/e2e/demo.test.ts", "test/e2e/demo-provider.test.ts", "test/docs/login-browser.test.ts",
    "test/docs/login-page.test.ts", "test/clients/spa.test.ts",
  ],
  routes: ["test/routes/tokens", "test/routes/revocations"],
  "revocations-stream": ["test/routes/revocations/subscribers.test.ts", "test/routes/revocations/feed.test.ts"],
  "routes-login": ["test/routes"],
  security: ["test/security"],
  simulation: ["test/simulation"],
  "e2e-cli": [
    "test/e2e/cli.test.ts", "test/e2e/cli-clients.test.ts", "test/e2e/cli-doctor.test.ts",
    "test/e2e/cli-mistakes.test.ts", "test/e2e/cli-process.test.ts", "test/e2e/cli-revoke.test.ts",
  ],
  "e2e-start": [
    "test/e2e/startup.test.ts", "test/e2e/shutdown.test.ts", "test/e2e/slow-migration.test.ts",
    "test/e2e/listening.test.ts", "test/e2e/restored.test.ts", "test/e2e/postgres-tls.test.ts",
    "test/e2e/sqlite-files.test.ts",
  ],
  src: ["test/src", "test/architecture.test.ts"],
  "chaos-redis": ["test/chaos/with-redis.test.ts"],
  "chaos-postgres": ["test/chaos/with-postgres.test.ts"],
  "e2e-matrix": ["test/e2e/matrix.test.ts", "test/e2e/cut-off-replica.test.ts"],
  "e2e-replicas": [
    "test/e2e/concurrent-logins.test.ts", "test/e2e/status-lists.test.ts", "test/e2e/replicas.test.ts",
  ],
  "e2e-redis": [
    "test/e2e/redis-outages.test.ts", "test/e2e/redis-refill.test.ts", "test/e2e/feed.test.ts",
    "test/e2e/cutoffs.test.ts", "test/e2e/redis-faults.test.ts", "test/e2e/redis-permissions.test.ts",
    "test/e2e/redis-sentinel.test.ts", "test/e2e/redis-tls.test.ts",
  ],
  "chaos-behind": ["test/chaos/behind-pgbouncer.test.ts", "test/chaos/behind-haproxy.test.ts"],
  "contracts-postgres": [
    "test/contracts/condition.test.ts",
    "test/contracts/sessions.test.ts", "test/contracts/schemas.test.ts", "test/contracts/driver-errors.test.ts",
  ],
  "e2e-crash": ["test/e2e/crash.test.ts", "test/e2e/failover.test.ts", "test/chaos/lost-commits.test.ts",
    "test/e2e/walk.test.ts"],
  "contracts-slow": [
    "test/contracts/outage.test.ts", "test/contracts/concurrency.test.ts", "test/contracts/migrate.test.ts",
    "test/contracts/status-lists.test.ts",
  ],
  "chaos-alone": ["test/chaos/alone.test.ts", "test/chaos/scenarios.test.ts"],
  "docs-feed": [
    "test/docs/feed-protocol.test.ts", "test/docs/feed-verifiers.test.ts", "test/docs/feed-middleware.test.ts",
  ],
  "docs-libraries": ["test/docs/verifier-libraries.test.ts"],
  "docs-connect": ["test/docs/connect.test.ts"],
  "docs-proxies": ["test/docs/proxies.test.ts"],
  docs: ["test/docs", "test/reference", "test/shipping"],
  "e2e-demo": ["test/e2e/demo-process.test.ts"],
  clients: ["test/clients"],
  contracts: ["test/contracts", "test/support"],
  "e2e-keys": ["test/e2e/keys.test.ts", "test/e2e/key-rotation.test.ts"],
};

/** Groups `files`, which are paths relative to the root. Returns `[{ name, files }]`. */
export function groupsOf(files) {
  const groups = new Map(Object.keys(GROUPS).map((name) => [name, []]));
  for (const file of files) {
    const [name = nameOf(file)] = Object.entries(GROUPS)
      .find(([, paths]) => paths.some((path) => file === path || file.startsWith(`${path}/`))) ?? [];
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(file);
  }
  return [...groups].map(([name, files]) => ({ name, files })).filter(({ files }) => files.length > 0);
}

const nameOf = (file) => file.replace(/^test\/|\.test\.ts$/g, "").replaceAll("/", "-");
