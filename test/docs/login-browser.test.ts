import { createServer } from "node:http";
import t from "../support/tap.js";
import { decode } from "../support/app.js";
import { chromium } from "../support/browser.js";
import { listen, openIdUpstream } from "../support/openid.js";
import { freePort } from "../support/ports.js";
import { serve } from "../support/serve.js";
import { blocks } from "./documents.js";
import { post } from "./post.js";

const [snippet = ""] = blocks("docs/logging-in.md", "js");
/** An application's page: "log in" at /, and at /callback what came of it. */
const PAGE = `<!doctype html><title>app</title><button>log in</button><output></output><script type="module">
import { finishLogin, logIn } from "/login.mjs";
document.querySelector("button").onclick = () => logIn("corp");
const show = (text) => { document.querySelector("output").value = text; };
if (location.pathname === "/callback") finishLogin().then(show, (error) => show(error.message));
</script>`;

const browser = await chromium(t);
await t.test("the page's JavaScript logs a user in, in a real browser", async (t) => {
  if (browser === undefined) return;
  const port = await freePort();
  const { settings } = await openIdUpstream(t, { callbacks: [`http://localhost:${port}/auth/corp/callback`] });
  const server = await serve(t, { ...settings, PORT: String(port) });

  let script = "";
  const origin = `http://localhost:${await listen(t, createServer((request, response) => {
    const module = request.url === "/login.mjs";
    response.setHeader("content-type", module ? "text/javascript" : "text/html").end(module ? script : PAGE);
  }))}`;
  const { client_id = "" } = await post(`${server.url}/clients`,
    { name: "my-spa", redirect_uri: `${origin}/callback`, token_endpoint_auth_method: "none" });
  script = snippet.replace("https://auth.example.com", server.url).replace(/(?<=CLIENT_ID = ")[^"]+/, client_id);

  const page = await browser.newPage();
  t.teardown(() => page.close());
  page.setDefaultTimeout(20_000);
  // The provider's pages want a font from the internet.
  await page.route((url) => url.hostname !== "localhost", (route) => route.abort());
  await page.goto(origin);
  await page.locator("button").click();
  await page.locator("[name=login]").fill("alice");
  await page.locator("[name=password]").fill("any");
  await page.locator("[type=submit]").click();
  await page.locator("[type=submit]").click();
  await page.waitForURL(`${origin}/callback`);
  const output = page.locator("output:not(:empty)");
  t.match(decode(await output.innerText()), { sub: "corp|alice", provider: "corp", client_id, name: "The alice" });
  t.equal(page.url(), `${origin}/callback`, "the code is gone from the address");

  await page.goto(`${origin}/callback?code=stolen&state=invented`);
  t.equal(await output.innerText(), "This login was not begun in this tab", "a code that was not asked for is unused");
});
