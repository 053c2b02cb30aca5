import type { ConsentPage } from "../../src/authorization/authorization-finisher.js";
import type { Page } from "./page.js";

/** Asks a person whether an application may have what it asks for. `request`: the question, for the answer. */
export const consentPage = (
  { client, destination, user, account, otherAccount, allowed, resources }: ConsentPage,
  request: string,
  publicUrl: string,
): Page => ({
  title: `Allow ${client.name}?`,
  logo: client.logoUri,
  paragraphs: ["This application wants to:"],
  list: [...allowed, ...resources.map((one) => `use ${one} for you`)],
  facts: [
    ["It takes you back to", destination],
    user === undefined ? ["You are logged in with", account] : ["You are logged in as", user],
  ],
  form: {
    action: `${publicUrl}/authorize/consent`,
    fields: { request },
    buttons: [
      { text: "Allow", name: "decision", value: "allow" },
      { text: "Do not allow", name: "decision", value: "deny", quiet: true },
    ],
  },
  ...(otherAccount !== undefined && { links: [{ text: "Use another account", href: otherAccount, quiet: true }] }),
  note: "Nobody has checked this application. Allow it only if you know it and where it takes you back to.",
});
