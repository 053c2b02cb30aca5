import { fileURLToPath } from "node:url";
import express from "express";
import helmet from "helmet";

const FOLDER = fileURLToPath(new URL("spa", import.meta.url));

/** Serves the sample page's static files and its configuration. It never receives a token. */
export function createSpa({ authflow, api, provider, clientId, redirectUri }) {
  return express()
    .use(helmet({
      strictTransportSecurity: false, // has no meaning for http://localhost
      contentSecurityPolicy: {
        useDefaults: false, // they would upgrade http://localhost to https
        directives: {
          defaultSrc: ["'none'"], scriptSrc: ["'self'"], styleSrc: ["'self'"], imgSrc: ["'self'"],
          connectSrc: ["'self'", authflow, api],
          baseUri: ["'none'"], formAction: ["'none'"], frameAncestors: ["'none'"],
          requireTrustedTypesFor: ["'script'"],
        },
      },
    }))
    .get("/config.json", (_request, response) => {
      response.json({ authflow, api, provider, client_id: clientId, redirect_uri: redirectUri });
    })
    .use(express.static(FOLDER, { cacheControl: false }));
}
