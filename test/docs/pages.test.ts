import t from "../support/tap.js";
import { registration } from "../support/registration.js";
import { serve } from "../support/serve.js";
import { blocks } from "./documents.js";
import { post } from "./post.js";
import { bash } from "./shell.js";

const AUTHFLOW_ADMIN_TOKEN = "admin-token-of-the-documents-0123456789";
const AUTHFLOW_REGISTRATION_TOKEN = "registration-token-of-the-documents-01";
const tokens = { AUTHFLOW_ADMIN_TOKEN, AUTHFLOW_REGISTRATION_TOKEN };
const server = await serve(t, { AUTHFLOW_REGISTRATION: "token", ...tokens });
// Prints the status of each answer in place of its body. A stream (-N) does not end by itself: its header is enough.
const PREAMBLE = `curl() {
  if [ "$1" = -N ]; then
    coproc env curl --max-time 60 -s -o /dev/null -D - "$@"
    read -r _ status _ <&"\${COPROC[0]}"
    echo "$status"
    kill "$COPROC_PID"
  else
    command curl --max-time 60 -s -o /dev/null -w '%{http_code}\\n' "$@"
  fi
}
AUTH="Authorization: Bearer $AUTHFLOW_ADMIN_TOKEN"
`;

/** The answers' statuses that each page's requests get, in order, by its sh blocks. */
const PAGES: Record<string, string[][]> = {
  "docs/integrating.md": [["201"], ["200"], ["200"], ["200"]],
  "docs/clients-and-policy.md": [["201"], ["201"], ["200"], ["200"], ["200", "200", "200", "204"], ["200"], ["200"]],
  "docs/subjects.md": [["200", "200"]],
  "docs/immediate-logout.md": [["200"]],
  "docs/connect.md": [["201"], ["200"], ["200"]],
  "docs/issuers.md": [["200"]],
  "docs/verifying.md": [["200"]],
  "docs/sessions.md": [["200", "204"]],
  "docs/refresh-tokens.md": [["200"], ["200"], ["200"], ["200"]],
  "docs/connect/apache.md": [["201"], ["201"]],
  "docs/connect/aspnet.md": [["201"]],
  "docs/connect/django.md": [["201"]],
  "docs/connect/fastapi-authlib.md": [["201"], ["200"]],
  "docs/connect/go.md": [["201"], ["200"]],
  "docs/connect/oauth2-proxy.md": [["201"]],
  "docs/connect/rails.md": [["201"]],
  "docs/connect/spa.md": [["201"]],
  "docs/connect/spring.md": [["201"], ["200"]],
};

for (const [page, expected] of Object.entries(PAGES)) {
  await t.test(`the requests of ${page} work as they stand`, async (t) => {
    const requests = blocks(page, "sh");
    t.equal(requests.length, expected.length);
    for (const [index, block] of requests.entries()) {
      const registered = await post(`${server.url}/clients`, registration(), AUTHFLOW_ADMIN_TOKEN);
      const { client_id = "", client_secret = "" } = registered;
      const { access_token = "", refresh_token = "" } =
        await post(`${server.url}/mint`, { client_id, client_secret, sub: "alice", refresh: true });
      const client = { AUTHFLOW_CLIENT_ID: client_id, AUTHFLOW_CLIENT_SECRET: client_secret, ID: client_id };
      const script = PREAMBLE + block.replaceAll("https://auth.example.com", server.url);
      const output = await bash(script, { ...tokens, ...client, TOKEN: access_token, REFRESH_TOKEN: refresh_token });
      t.same(output.trim().split("\n"), expected[index], block);
    }
  });
}
