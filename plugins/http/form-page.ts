import type { FastifyReply } from "fastify";
import { html } from "ghtml";
import type { Answer } from "../../src/login/authorization-response.js";

type FormPost = Extract<Answer, { action: string }>;

/** Posts the form of the page that refers to it. Without scripts, the page's button does. */
export const SUBMIT_SCRIPT = "document.forms[0].submit();\n";
export const SUBMIT_PATH = "/authorize/submit.js";

/**
 * A page whose form goes to the application (OAuth 2.0 Form Post Response Mode §2). Its policy has no form-action:
 * browsers apply that to the redirects after the form too, which are the application's own.
 */
export function formPage(reply: FastifyReply, { action, fields }: FormPost, publicUrl: string): FastifyReply {
  const inputs = Object.entries(fields)
    .map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`).join("\n");
  const script = `${publicUrl}${SUBMIT_PATH}`;
  const policy = ["default-src 'none'", `script-src ${script}`, "base-uri 'none'", "frame-ancestors 'none'"];
  return reply.code(200).header("content-security-policy", policy.join(";")).type("text/html; charset=utf-8").send(
    html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Back to the application</title></head>
<body>
<form method="post" action="${action}">
!${inputs}
<button>Continue to the application</button>
</form>
<script src="${script}"></script>
</body>
</html>
`);
}
