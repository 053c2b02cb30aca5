import fastify from "fastify"; // npm install fastify
import { close, fastifyHook, isFresh } from "./authflow.mjs";

const app = fastify();
app.get("/ready", (_request, reply) => reply.code(isFresh() ? 200 : 503).send());
app.register(async (inside) => {
  inside.addHook("onRequest", fastifyHook); // every request in here needs a valid token
  inside.get("/", async ({ claims }) => ({ hello: claims.sub }));
});

await app.listen({ port: Number(process.env.PORT ?? 3000), host: "localhost" });
process.once("SIGTERM", () => { app.close(); close(); });
