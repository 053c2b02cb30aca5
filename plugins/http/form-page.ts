import type { Answer } from "../../src/login/authorization-response.js";
import type { Page } from "./page-template.js";

/** A page that posts its form to the application, without a script by its button (Form Post Response Mode §2). */
export const formPage = ({ action, fields }: Extract<Answer, { action: string }>): Page => ({
  title: "Back to the application",
  paragraphs: [`Your browser goes on to ${new URL(action).host}. If it stays here, press the button.`],
  form: { action, fields, buttons: [{ text: "Continue to the application" }], isSentAtOnce: true },
});
