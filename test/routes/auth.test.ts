import t from "tap";
import { onEveryBackend, REDIRECT_URI, testApp } from "../support/app.js";
import { logInAs, openIdUpstream } from "../support/openid.js";
import { UserAgent } from "../support/user-agent.js";

await onEveryBackend(t, async (t, env) => {
  const { settings } = await openIdUpstream(t, { callbacks: ["http://localhost:8080/auth/corp/callback"] });
  const app = await testApp(t, { ...env, ...settings });
  const client = await app.register();
  const start = `http://localhost:8080/auth/corp?client_id=${client.client_id}&redirect_uri=${encodeURIComponent(REDIRECT_URI)}&state=xyz`;
  const visited = await logInAs(new UserAgent(app), "alice", start);
  t.comment(visited.url.href, visited.text.slice(0, 500));
  t.comment(app.logs.filter((l) => l.includes("warn") || l.includes('"level":40') || l.includes('"level":50')).join(""));
});
