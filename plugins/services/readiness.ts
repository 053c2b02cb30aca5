import fp from "fastify-plugin";
import type { OutletFiller } from "../../src/revocation/outlet-filler.js";

type Database = "up" | "down" | "read-only";
type Redis = "up" | "down" | "filling" | "evicting" | "differs";
export interface Readiness { status: "up" | "down"; parts: { database: Database; clock: "up" | "down"; redis?: Redis } }

declare module "fastify" {
  interface FastifyInstance { readiness: () => Promise<Readiness> }
}

export default fp(async (app) => {
  const database = async (): Promise<Database> =>
    app.database.isWritable().then((writable) => (writable ? "up" : "read-only"), () => "down");
  const redis = async (filler: OutletFiller): Promise<Redis> => {
    const effects = app.redisFaults.map(({ effect }) => effect);
    if (effects.includes("denied")) return "down";
    const condition = await filler.condition().catch(() => undefined);
    if (condition === undefined) return "down";
    if (condition !== "current") return "filling";
    if (effects.includes("evicting")) return "evicting";
    return app.outletAgreement.differs ? "differs" : "up";
  };
  app.decorate("readiness", async () => {
    const parts = {
      database: await database(),
      clock: app.isClockSynchronised() ? "up" as const : "down" as const,
      ...(app.outletFiller && { redis: await redis(app.outletFiller) }),
      ...(app.outletFiller === undefined && app.outletAgreement.differs && { redis: "differs" as const }),
    };
    // Services that read such a Redis are misled, but Authflow's own answers are right.
    const serves = Object.values(parts).every((part) => ["up", "evicting", "differs"].includes(part));
    return { status: serves ? "up" : "down", parts };
  });
}, { name: "readiness", dependencies: ["clock", "database", "revocation"] });
