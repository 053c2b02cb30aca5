import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, startServer } from "../../bench/server.mjs";
import { Browser } from "./browser.mjs";

const SERVER = fileURLToPath(new URL("../../dist/src/server.js", import.meta.url));
const CLIENT = { client_id: "authflow", client_secret: "authflow-at-the-conformance-suite" };
/** The application. Nothing listens there: the browser stops before it. */
const APPLICATION = "http://127.0.0.1:9/callback";

/**
 * Authflow as a relying party: users of an application log in through /auth/suite, where the suite is the provider.
 * Every module is another issuer, so each gets an Authflow of its own, with an empty database.
 */
export async function relyingParty({ settings }, { log }) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  return {
    configuration: {
      description: "Authflow", waitTimeoutSeconds: 3,
      client: { ...CLIENT, redirect_uri: `${url}/auth/suite/callback` },
    },
    /** Resolves to the answers that the application gets, one for each login. */
    async walk({ issuer }, module) {
      const folder = mkdtempSync(join(tmpdir(), "authflow-conformance-"));
      const authflow = await startServer(SERVER, {
        DATABASE_URL: `file:${join(folder, "authflow.db")}`,
        NODE_EXTRA_CA_CERTS: process.env.NODE_EXTRA_CA_CERTS,
        AUTHFLOW_OIDC_PROVIDERS: "suite",
        AUTHFLOW_OIDC_SUITE_ISSUER: issuer,
        AUTHFLOW_OIDC_SUITE_CLIENT_ID: CLIENT.client_id,
        AUTHFLOW_OIDC_SUITE_CLIENT_SECRET: CLIENT.client_secret,
        ...settings, ...module.settings,
      }, { port, log });
      try {
        const clientId = await register(url);
        const stops = module.stopsAtProvider ? [APPLICATION, issuer] : [APPLICATION];
        const answers = [];
        for (let login = 0; login < (module.logins ?? 1); login++)
          answers.push(await logIn(`${url}/auth/suite`, clientId, stops));
        return answers;
      } finally {
        await authflow.stop();
        rmSync(folder, { recursive: true });
      }
    },
  };
}

async function register(url) {
  const response = await fetch(`${url}/clients`, {
    method: "POST", headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "conformance", redirect_uri: APPLICATION }),
  });
  return (await response.json()).client_id;
}

/** In a browser of its own, which loads nothing at `stops`. */
async function logIn(login, clientId, stops) {
  const browser = new Browser();
  const query = new URLSearchParams({ client_id: clientId, redirect_uri: APPLICATION, response_type: "token" });
  let page = await browser.open(`${login}?${query}`, stops);
  if (page.text.includes("<form")) page = await browser.submit(page, stops); // response_mode=form_post
  if (page.text !== "") return `a page of ${page.url.origin}`;
  if (!page.url.href.startsWith(APPLICATION)) return "at the provider";
  const answer = new URLSearchParams(page.url.hash.slice(1));
  return answer.has("access_token") ? "token" : answer.get("error");
}
