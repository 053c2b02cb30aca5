import fp from "fastify-plugin";
import type { OutletFiller } from "../../src/revocation/outlet-filler.js";

type Part = "up" | "down" | "filling";
export interface Readiness { status: "up" | "down"; parts: { database: Part; redis?: Part } }

declare module "fastify" {
  interface FastifyInstance { readiness: () => Promise<Readiness> }
}

export default fp(async (app) => {
  const database = async (): Promise<Part> => app.database.ping().then(() => "up" as const, () => "down" as const);
  const redis = async (filler: OutletFiller): Promise<Part> =>
    filler.condition().then((condition) => (condition === "current" ? "up" : "filling"), () => "down");
  app.decorate("readiness", async () => {
    const parts = {
      database: await database(),
      ...(app.outletFiller && { redis: await redis(app.outletFiller) }),
    };
    return { status: Object.values(parts).every((part) => part === "up") ? "up" : "down", parts };
  });
}, { name: "readiness", dependencies: ["database", "revocation"] });
