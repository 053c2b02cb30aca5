import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import t from "./support/tap.js";
import { ROOT } from "./support/root.js";

const COMPOSITION = /^src\/(app|server|cli)\.ts$/;
const DRIVERS = /^(ioredis(\/.*)?|@fastify\/redis|libsql|pg|@prisma\/.*|prisma)$/;
/** What speaks to identity providers. @fastify/oauth2 for its list of endpoints only: it registers nothing. */
const UPSTREAM_DRIVERS = /^(jose|@fastify\/oauth2|ipaddr\.js)$/;

interface Import { from: string; to: string; line: number; typeOnly: boolean }

const files = ["src", "plugins", "routes"]
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
  )
  .filter((name) => /\.c?ts$/.test(name) && !name.includes("generated"));
const sources = new Map(files.map((file) => [file, readFileSync(join(ROOT, file), "utf8")]));
const imports = files.flatMap((file) => importsOf(file, sources.get(file) as string));

/** Where an import leads: a file of ours relative to the root, or a package's name. */
function importsOf(file: string, source: string): Import[] {
  const statements = source.matchAll(
    /^\s*(?:import|export)\s+(type\s)?[^;]*?from\s+"([^"]+)"|\b(?:import|require)\("([^"]+)"\)/gm,
  );
  return [...statements].map(({ index, 1: type, 2: path, 3: dynamic }) => {
    const specifier = (path ?? dynamic) as string;
    const to = specifier.startsWith(".")
      ? relative(ROOT, join(ROOT, dirname(file), specifier)).replace(/\.(c?)js$/, ".$1ts")
      : specifier;
    return { from: file, to, line: source.slice(0, index).split("\n").length, typeOnly: type !== undefined };
  });
}

interface Rule { promise: string; covers: (file: string) => boolean; allows: (found: Import) => boolean }

const isDomain = (file: string): boolean =>
  file.startsWith("src/") && !/^src\/(stores|upstream|cli)\//.test(file) && !COMPOSITION.test(file);
const isOurs = (to: string): boolean => /\.c?ts$/.test(to);
const RULES: Rule[] = [
  {
    promise: "the domain imports only Node, TypeBox and itself",
    covers: isDomain,
    allows: ({ to }) => /^node:|^@sinclair\/typebox(\/|$)/.test(to) || (isOurs(to) && isDomain(to)),
  },
  {
    promise: "the command line imports Node, commander and the domain; the composition root gives it the rest",
    covers: (file) => file.startsWith("src/cli/"),
    allows: ({ to }) => /^node:|^commander$/.test(to) || isDomain(to) || to.startsWith("src/cli/"),
  },
  {
    promise: "stores import the domain, their driver and each other, and the port that doctor asks them by",
    covers: (file) => file.startsWith("src/stores/"),
    allows: ({ to, typeOnly }) => /^node:/.test(to) || DRIVERS.test(to) || isDomain(to) ||
      to.startsWith("src/stores/") || (typeOnly && to === "src/cli/drivers.ts"),
  },
  {
    promise: "src/upstream imports the domain and what speaks to identity providers, which stays there",
    covers: (file) => file.startsWith("src/"),
    allows: ({ from, to }) => from.startsWith("src/upstream/")
      ? /^node:/.test(to) || UPSTREAM_DRIVERS.test(to) || isDomain(to) || to.startsWith("src/upstream/")
      : !UPSTREAM_DRIVERS.test(to),
  },
  {
    promise: "drivers stay in the stores, and Redis's connection in its plugin",
    covers: (file) =>
      !file.startsWith("src/stores/") && file !== "plugins/services/redis.ts" && !COMPOSITION.test(file),
    allows: ({ to }) => !DRIVERS.test(to),
  },
  {
    promise: "what Prisma generates stays in its folder",
    covers: (file) => !file.startsWith("src/stores/prisma/"),
    allows: ({ to }) => !to.includes("/generated/"),
  },
  {
    promise: "plugins do not know the routes",
    covers: (file) => file.startsWith("plugins/"),
    allows: ({ to }) => !to.startsWith("routes/"),
  },
  {
    promise: "routes import schemas, Fastify's types, the core's types and presentations, and act through decorators",
    covers: (file) => file.startsWith("routes/"),
    allows: ({ to, typeOnly }) =>
      to.startsWith("routes/schemas/") ||
      /^src\/\w+\/presentation\.ts$/.test(to) ||
      /^@sinclair\/typebox$|^@fastify\/type-provider-typebox$/.test(to) ||
      (typeOnly && (to === "fastify" || to.startsWith("src/"))),
  },
  {
    promise: "only the composition root knows the composition root",
    covers: (file) => !COMPOSITION.test(file),
    allows: ({ to }) => !COMPOSITION.test(to),
  },
];

for (const { promise, covers, allows } of RULES) {
  t.test(promise, async (t) => {
    const covered = imports.filter(({ from }) => covers(from));
    t.ok(covered.length > 0, "the rule covers something");
    t.strictSame(
      covered.filter((found) => !allows(found)).map(({ from, to, line }) => `${from}:${line} imports ${to}`),
      [],
    );
  });
}

t.test("the domain, the stores and the command line are given their time and their environment", async (t) => {
  const reached = [...sources]
    .filter(
      ([file]) =>
        (isDomain(file) || /^src\/(stores|cli)\//.test(file)) &&
        file !== "src/shared/clock.ts" && !file.includes("/migrate-"),
    )
    .flatMap(([file, source]) => source.split("\n").map((text, i) => ({ place: `${file}:${i + 1}`, text })))
    .filter(({ text }) => /process\.env|Date\.now\(|new Date\(\)/.test(text))
    .map(({ place, text }) => `${place} ${text.trim()}`);
  t.strictSame(reached, []);
});

/** Paths that lead back to where they began, each once. */
function cycles(edges: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const found = new Set<string>();
  const finished = new Set<string>();
  const visit = (node: string, path: string[]): void => {
    if (path.includes(node)) found.add([...path.slice(path.indexOf(node)), node].join(" → "));
    else if (!finished.has(node)) for (const next of edges.get(node) ?? []) visit(next, [...path, node]);
    finished.add(node);
  };
  for (const node of edges.keys()) visit(node, []);
  return [...found];
}

/** Which of our files import which, each named by `name`. An import of a type makes a cycle like any other import. */
function edgesBetween(name: (file: string) => string): Map<string, Set<string>> {
  const edges = new Map<string, Set<string>>();
  for (const { from, to } of imports.filter(({ to }) => isOurs(to) && !to.includes("/generated/"))) {
    const [a, b] = [name(from), name(to)];
    if (a !== b) edges.set(a, (edges.get(a) ?? new Set()).add(b));
  }
  return edges;
}

t.test("no file imports itself by way of others", async (t) => {
  t.strictSame(cycles(edgesBetween((file) => file)), []);
});

/**
 * `src/keys`, `plugins/http`: a folder inside a room (src/keys/signers) is a part of it. The composition root has no
 * room.
 */
const roomOf = (file: string): string => {
  const [top, room = ""] = file.split("/");
  return COMPOSITION.test(file) || room.endsWith(".ts") ? file : `${top}/${room}`;
};

t.test("no room imports itself by way of others", async (t) => {
  const edges = edgesBetween(roomOf);
  t.ok(edges.get("src/status-lists")?.has("src/tokens"), "imports between rooms are found");
  t.strictSame(cycles(edges), []);
});

t.test("cycles are found, through types too", async (t) => {
  const edges = new Map([
    ["a", new Set(["b"])], ["b", new Set(["c"])], ["c", new Set(["a", "d"])], ["d", new Set(["b"])],
  ]);
  t.strictSame(cycles(edges), ["a → b → c → a", "b → c → d → b"]);
  t.match(importsOf("src/a.ts", 'import type { B } from "./b.js";\n'), [{ to: "src/b.ts", typeOnly: true }]);
  t.match(importsOf("src/a.ts", 'const b = import("./b.js");\n'), [{ to: "src/b.ts" }]);
  t.match(importsOf("src/a.cts", 'const b = require("./b.cjs");\n'), [{ to: "src/b.cts" }]);
});

t.test("src holds the composition root, rooms, and nothing else", async (t) => {
  const top = files.filter((file) => /^src\/[^/]+$/.test(file));
  t.strictSame(top.sort(), ["src/app.ts", "src/cli.ts", "src/server.ts"]);
});

t.test("files stay small enough to be read at once", async (t) => {
  const length = (file: string): number => (sources.get(file) as string).split("\n").length;
  t.strictSame(files.filter((file) => length(file) > 400), []);
  t.strictSame(files.filter((file) => file.startsWith("plugins/") && length(file) > 100), []);
});
