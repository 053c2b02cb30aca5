import express from "express"; // npm install express
import { close, expressMiddleware, isFresh } from "./authflow.mjs";

const app = express();
app.get("/ready", (_request, response) => response.sendStatus(isFresh() ? 200 : 503));
app.use(expressMiddleware); // from here on every request needs a valid token
app.get("/", ({ claims }, response) => response.json({ hello: claims.sub }));

const server = app.listen(process.env.PORT ?? 3000, "localhost");
process.once("SIGTERM", () => { server.close(); close(); });
