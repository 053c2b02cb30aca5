import fp from "fastify-plugin";

type Part = "up" | "down" | "filling";
export interface Readiness { status: "up" | "down"; parts: { database: Part; redis?: Part } }

declare module "fastify" {
  interface FastifyInstance { readiness: () => Promise<Readiness> }
}

export default fp(async (app) => {
  const database = async (): Promise<Part> => app.database.ping().then(() => "up" as const, () => "down" as const);
  const redis = async (): Promise<Part> =>
    app.cacheSynchroniser.isComplete().then(
      (complete) => (complete ? ("up" as const) : ("filling" as const)),
      () => "down" as const,
    );
  app.decorate("readiness", async () => {
    const parts = {
      database: await database(),
      ...(app.config.redisUrl === undefined ? {} : { redis: await redis() }),
    };
    return { status: Object.values(parts).every((part) => part === "up") ? "up" : "down", parts };
  });
}, { name: "readiness", dependencies: ["database", "revocation"] });
