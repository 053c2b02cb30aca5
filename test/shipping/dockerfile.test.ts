import t from "../support/tap.js";
import { loadConfig } from "../../src/config/load.js";
import { execForm, reachesTheBuild, runtime, stages, values } from "./dockerfile.js";

const image = runtime();

await t.test("every stage starts from a slim image of one Node major", async (t) => {
  for (const { image } of stages()) t.match(image, /^node:(24|26)-slim$/);
  t.equal(new Set(stages().map(({ image }) => image)).size, 1);
});

await t.test("the runtime runs as a user without rights, who owns /data", async (t) => {
  t.same(values(image, "USER"), ["1000:1000"], "by number: Kubernetes' runAsNonRoot does not know names");
  t.same(values(image, "VOLUME"), ["/data"]);
  t.match(values(image, "RUN").join(), /install -d -o 1000 -g 1000 -m 0700 \/data/);
  const order = image.instructions.map(({ name }) => name);
  t.ok(order.lastIndexOf("COPY") < order.indexOf("USER"), "what was copied is root's: the user can't change it");
});

await t.test("the runtime's packages are installed without the development ones", async (t) => {
  const [packages] = stages().filter(({ name }) => name === "packages");
  t.same(packages && values(packages, "RUN"), ["npm ci --omit=dev"]);
  t.ok(values(image, "COPY").includes("--from=packages /app/node_modules ./node_modules"));
});

await t.test("the runtime has the build, the migrations and the OpenAPI document", async (t) => {
  const copied = values(image, "COPY").join("\n");
  const needed = ["/app/dist ./dist", "prisma/migrations ./prisma/migrations", "package.json openapi.yaml"];
  for (const one of needed) t.match(copied, one);
});

await t.test("it is started, stopped and asked for its health without a shell in between", async (t) => {
  t.same(execForm(values(image, "CMD")[0] ?? ""),
    ["node", "--max-semi-space-size=4", "--heap-growing-percent=30", "dist/src/server.js"]);
  t.same(values(image, "STOPSIGNAL"), ["SIGTERM"]);
  t.match(execForm(values(image, "HEALTHCHECK")[0] ?? ""), ["node", "-e", /\/health\/live/]);
});

await t.test("no secret is baked in, and few variables are set", async (t) => {
  for (const stage of stages()) t.same(values(stage, "ARG"), []);
  for (const stage of stages().slice(0, -1)) t.same(values(stage, "ENV"), []);
  t.same(values(image, "ENV"), ["HOST=0.0.0.0", "MALLOC_ARENA_MAX=1"], "the second one is glibc's");
  t.equal(loadConfig({ HOST: "0.0.0.0" }).registration, "closed", "whoever reaches a published port registers nothing");
});

await t.test("the build context holds what is copied, and nothing private", async (t) => {
  const copied = stages().flatMap((stage) => values(stage, "COPY")).filter((value) => !value.startsWith("--from"))
    .flatMap((value) => value.split(" ").slice(0, -1));
  for (const path of copied) t.ok(reachesTheBuild(path), path);
  const kept = [".git", ".env", "data", "node_modules", "dist", "test", "src/stores/prisma/generated"];
  for (const path of kept) t.notOk(reachesTheBuild(path), path);
});
