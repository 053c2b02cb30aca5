import cors from "cors";
import express from "express";
import { expressMiddleware } from "../examples/feed/node/authflow.mjs";

export { close, isFresh } from "../examples/feed/node/authflow.mjs";

/**
 * A service that accepts Authflow's tokens: it answers only requests with a valid token. It verifies them itself, and
 * the feed tells it which ones are revoked, so that no request makes it call Authflow.
 */
export function createApi({ app }) {
  return express()
    .disable("x-powered-by")
    // For ten minutes the browser does not ask again whether the page may send a token.
    .use(cors({ origin: app, exposedHeaders: "www-authenticate", maxAge: 600 }))
    .use((_request, response, next) => {
      response.set("cache-control", "no-store");
      next();
    })
    .use(expressMiddleware)
    .get("/hello", (request, response) => {
      const { sub, name = sub } = request.claims;
      response.json({ message: `Hello, ${name}!`, your_subject: sub });
    });
}
