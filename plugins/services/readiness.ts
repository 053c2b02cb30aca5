import fp from "fastify-plugin";
import type { OutletFiller } from "../../src/revocation/outlet-filler.js";
import { type DatabaseCondition, databaseFaultText } from "../../src/shared/database-fault.js";

type Database = DatabaseCondition | "down";
type Redis = "up" | "down" | "filling" | "evicting" | "differs";
export interface Readiness { status: "up" | "down"; parts: { database: Database; clock: "up" | "down"; redis?: Redis } }

declare module "fastify" {
  interface FastifyInstance { readiness: () => Promise<Readiness> }
}

export default fp(async (app) => {
  let known: Database = "up";
  const database = async (): Promise<Database> => {
    const condition = await app.database.condition().catch(() => "down" as const);
    if (condition !== known && condition !== "down") {
      if (condition !== "up") app.log.error(`The database ${databaseFaultText(condition)}`);
      else app.log.info("The database accepts writes again");
    }
    return known = condition;
  };
  const redis = async (filler: OutletFiller): Promise<Redis> => {
    const effects = app.redisFaults.map(({ effect }) => effect);
    if (effects.includes("denied")) return "down";
    const condition = await filler.condition().catch(() => undefined);
    if (condition === undefined) return "down";
    if (condition !== "current") return "filling";
    if (effects.includes("evicting")) return "evicting";
    return app.outletAgreement.differs ? "differs" : "up";
  };
  const check = async () => ({
    database: await database(),
    ...(app.outletFiller && { redis: await redis(app.outletFiller) }),
    ...(app.outletFiller === undefined && app.outletAgreement.differs && { redis: "differs" as const }),
  });
  // Anybody may ask. All who ask within a second share one check of what is asked over a connection.
  let [last, until] = [undefined as ReturnType<typeof check> | undefined, 0];
  app.decorate("readiness", async () => {
    if (last === undefined || performance.now() >= until) {
      until = Infinity; // while it runs
      last = check().finally(() => { until = performance.now() + app.timing.readinessAge; });
    }
    const { database, ...others } = await last;
    const clock = app.isClockSynchronised() ? "up" as const : "down" as const;
    // Whatever Redis is like, Authflow's own answers are right, and all replicas would leave a load balancer together.
    const status = database === "up" && clock === "up" ? "up" as const : "down" as const;
    return { status, parts: { database, clock, ...others } };
  });
}, { name: "readiness", dependencies: ["clock", "database", "revocation"] });
