import t from "../support/tap.js";
import { testApp } from "../support/app.js";

const app = await testApp(t);
const register = (uri: string) => app.call("POST", "/clients", { payload: { name: "a", redirect_uri: uri } });

const ACCEPTED = [
  "https://app.example.com/callback", "https://app.example.com", "https://app.example.com:8443/cb?x=1&y=%0a",
    "https://app.example.com/a@b",
  "https://app.example.com/?next=a@b", "https://xn--bcher-kva.example/", "https://[2001:db8::1]/cb",
    "https://a.example/%2e%2e/x",
  "http://localhost/cb", "http://localhost:3000/cb", "http://127.0.0.1/cb", "http://127.0.0.1:5000/cb",
    "http://127.255.0.1/", "http://[::1]:80/cb",
  "com.example.app:/callback", "com.example.app://callback", "com.example.app:/cb?a=b",
  // of MCP clients, mail programs, launchers and editors
  "cursor://anysphere.cursor-mcp/oauth/callback", "vscode://vscode.github-authentication/did-authenticate",
  "vscode-insiders://publisher.extension/callback", "windsurf://codeium.windsurf/callback", "zed://oauth/callback",
  "raycast://oauth?package_name=Extension", "claude://mcp/callback", "msteams://oauth/cb", "edgeworth://host/cb",
  "webex://host", "Cursor://host/cb",
];
for (const uri of ACCEPTED) {
  await t.test(`${uri} may be registered and is kept to the letter`, async (t) => {
    const { status, body } = await register(uri);
    t.strictSame([status, body.redirect_uri], [201, uri]);
  });
}

const REFUSED: [uri: string, reason: RegExp][] = [
  ["app.example.com/callback", /absolute/], ["/callback", /absolute/], ["//app.example.com/cb", /absolute/],
    ["callback", /absolute/],
  ["https://", /absolute/], ["https:", /absolute/], ["https:///evil.example", /host after/],
    ["https:app.example.com", /host after/],
  ["https:/app.example.com", /host after/], ["http:127.0.0.1", /host after/], ["https://a.example:99999/", /absolute/],
    ["https://a b.example/", /printable ASCII/],
  ["https://app.example.com/cb#", /fragment/], ["https://app.example.com/cb#x", /fragment/],
    ["com.example.app:/cb#x", /fragment/],
  ["https://user@app.example.com/", /user-info/], ["https://user:pw@app.example.com/", /user-info/],
    ["https://app.example.com@evil.example/", /user-info/],
  ["https://@evil.example/", /user-info/], ["https://:@evil.example/", /user-info/],
    ["http://localhost@evil.example/", /user-info/],
  ["com.example.app://user@host/cb", /user-info/],
  ["https://app.example.com\\@evil.example/", /printable ASCII/], ["https:\\\\evil.example/", /printable ASCII/],
    ["https://app.example.com/\\..", /printable ASCII/],
  ["https://app.example.com/\r\nSet-Cookie: a=b", /printable ASCII/],
    ["https://app.example.com/\n", /printable ASCII/], ["\thttps://app.example.com/", /printable ASCII/],
  ["https://app.example.com/\0", /printable ASCII/], [" https://app.example.com/", /printable ASCII/],
    ["https://app.example.com/\u202e", /printable ASCII/],
  ["https://b\u00fccher.example/", /printable ASCII/], ["https://\u0430pp.example.com/", /printable ASCII/],
    ["https://app.example.com/\ud800", /printable ASCII/],
  ["https://a\u3002example/", /printable ASCII/], ["java\nscript:alert(1)", /printable ASCII/],
  ["javascript:alert(1)", /not javascript:/], ["JavaScript:alert(1)", /not javascript:/],
    ["data:text/html,x", /not data:/], ["vbscript:x", /not vbscript:/],
  ["file:///etc/passwd", /not file:/], ["blob:https://a.example/1", /not blob:/], ["ftp://a.example/", /not ftp:/],
    ["ws://a.example/", /not ws:/],
  ["myapp:cb", /not myapp:/], ["myapp://", /not myapp:/], ["myapp:///cb", /not myapp:/], ["myapp://%0a/", /not myapp:/],
  ["c://windows/system32", /not c:/],
  ["about:blank", /not about:/], ["myapp:/cb", /not myapp:/], ["view-source:https://a.example/", /not view-source:/],
  ["http://app.example.com/cb", /must use https/], ["http://localhost.evil.example/", /must use https/],
    ["http://127.0.0.1.evil.example/", /must use https/],
  ["http://localhostevil/", /must use https/], ["http://0.0.0.0/", /must use https/],
    ["http://192.168.0.1/", /must use https/], ["http://[::2]/", /must use https/],
  ["HTTP://APP.EXAMPLE.COM/", /must use https/],
  ...[
    "javascript", "JavaScript", "data", "vbscript", "file", "blob", "filesystem", "about", "resource", "jar", "ws",
    "wss", "ftp", "sftp", "ssh", "telnet", "ldap", "smb", "mailto", "tel", "sms", "intent", "android-app", "market",
    "shell",
    "chrome", "chrome-extension", "edge", "moz-extension", "safari-web-extension", "view-source", "ms-settings",
    "ms-msdt", "search-ms", "microsoft-edge", "itms-services", "x-apple.systempreferences", "web+app", "steam",
  ].map((scheme): [string, RegExp] => [`${scheme}://host/callback`, new RegExp(`not ${scheme.toLowerCase()
    .replace(/[.+]/g, "\\$&")}:`)]),
  ["javascript://host/%0aalert(1)", /not javascript:/], ["cursor://user@host/cb", /user-info/],
  ["cursor://host/cb#x", /fragment/], ["cursor://host\\evil/cb", /printable ASCII/],
];
for (const [uri, reason] of REFUSED) {
  await t.test(`${JSON.stringify(uri)} may not be registered, alone or among others`, async (t) => {
    t.match(await register(uri), { status: 400, body: { error: "invalid_redirect_uri", error_description: reason } });
    const among = { name: "a", redirect_uris: ["https://app.example.com/", uri] };
    t.match(await app.call("POST", "/clients", { payload: among }),
      { status: 400, body: { error: "invalid_redirect_uri" } });
  });
}
