import fp from "fastify-plugin";
import type { OutletFiller } from "../../src/revocation/outlet-filler.js";

type Database = "up" | "down";
type Redis = "up" | "down" | "filling" | "evicting";
export interface Readiness { status: "up" | "down"; parts: { database: Database; clock: "up" | "down"; redis?: Redis } }

declare module "fastify" {
  interface FastifyInstance { readiness: () => Promise<Readiness> }
}

export default fp(async (app) => {
  const database = async (): Promise<Database> => app.database.ping().then(() => "up" as const, () => "down" as const);
  const redis = async (filler: OutletFiller): Promise<Redis> => {
    const effects = app.redisFaults.map(({ effect }) => effect);
    if (effects.includes("denied")) return "down";
    const condition = await filler.condition().catch(() => undefined);
    if (condition === undefined) return "down";
    if (condition !== "current") return "filling";
    return effects.includes("evicting") ? "evicting" : "up";
  };
  app.decorate("readiness", async () => {
    const parts = {
      database: await database(),
      clock: app.isClockSynchronised() ? "up" as const : "down" as const,
      ...(app.outletFiller && { redis: await redis(app.outletFiller) }),
    };
    // An evicting Redis misleads services that read it, but Authflow's own answers are right.
    const serves = Object.values(parts).every((part) => part === "up" || part === "evicting");
    return { status: serves ? "up" : "down", parts };
  });
}, { name: "readiness", dependencies: ["clock", "database", "revocation"] });
