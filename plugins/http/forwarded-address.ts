import fp from "fastify-plugin";

/** More proxies than stand in one row. Fastify looks at each entry again whenever it is asked for an address. */
const MAX_HOPS = 32;

/**
 * Takes the ports out of X-Forwarded-For. Azure's gateway and IIS write them, and they differ with each connection: as
 * a part of the address, they would give each connection limits of its own. Fastify reads the header when it is asked
 * for `request.ip`, which is after this hook.
 */
export default fp(async (app) => {
  if (app.config.trustProxy === false) return;
  app.addHook("onRequest", (request, _reply, done) => {
    const { headers } = request.raw;
    const forwarded = headers["x-forwarded-for"];
    if (typeof forwarded === "string")
      headers["x-forwarded-for"] = forwarded.split(",").slice(-MAX_HOPS).map(withoutPort).join(",");
    done();
  });
}, { name: "forwarded-address" });

/** `192.0.2.1:4711` and `[2001:db8::1]:4711` without port and brackets; anything else unchanged. */
const withoutPort = (entry: string): string =>
  entry.trim().replace(/^\[([\d.:A-Fa-f]+)\](:\d{1,5})?$|^([\d.]+):\d{1,5}$/, "$1$3");
