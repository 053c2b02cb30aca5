import { allowsProvider } from "../../src/clients/mint-policy.js";
import type { Application } from "../../src/login/login-service.js";
import { NO_PROVIDER } from "../../src/providers/provider.js";
import type { Page } from "./page.js";

interface Listed { name: string; label: string }

/**
 * The page on which a person chooses a provider. `hrefOf`: where one leads; undefined without an application's request,
 * because a login could not return to it. `application`: whose request it is, if known.
 */
export function chooser(
  listed: Iterable<Listed>,
  application: Application | undefined,
  hrefOf: (name: string) => string | undefined,
): Page {
  const title = application === undefined ? "Log in" : `Log in to ${application.name}`;
  const providers = [...listed].filter(({ name }) => application === undefined || allowsProvider(application, name));
  const back = application === undefined ? [] : [application.back];
  const page = { title, logo: application?.logoUri ?? null, links: back };
  if (providers.length === 0) return { ...page, paragraphs: [`${NO_PROVIDER}.`] };
  const links = providers.flatMap(({ name, label }) => {
    const href = hrefOf(name);
    return href === undefined ? [] : [{ text: `Log in with ${label}`, href, mark: label }];
  });
  if (links.length === 0) {
    const start = "To log in, start at the application: it sends you here.";
    return { ...page, paragraphs: [`Providers: ${providers.map(({ label }) => label).join(", ")}.`, start] };
  }
  return { ...page, paragraphs: ["Choose a provider."], links: [...links, ...back] };
}
