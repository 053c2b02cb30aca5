import type { Answer } from "../../src/login/authorization-response.js";
import type { Page } from "./page.js";

/** What the page's script does, and its path. */
export const SUBMIT = { path: "/authorize/submit.js", script: "document.forms[0].submit();\n" };

/** A page that posts its form to the application, without scripts by its button (Form Post Response Mode §2). */
export const formPage = ({ action, fields }: Extract<Answer, { action: string }>, publicUrl: string): Page => ({
  title: "Back to the application",
  paragraphs: [`Your browser goes on to ${new URL(action).host}. If it stays here, press the button.`],
  form: { action, fields, buttons: [{ text: "Continue to the application" }], script: publicUrl + SUBMIT.path },
});
