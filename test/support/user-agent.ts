import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import type { TestApp } from "./app.js";
import type { PublicNames } from "./public-names.js";

/** An answer that is no redirect, or the URL of an application that the agent does not load. */
export interface Visited { url: URL; status: number; headers: Headers; text: string }
interface Sent { method?: string; headers?: Record<string, string>; form?: Record<string, string> }
const [TYPE, FORM] = ["content-type", "application/x-www-form-urlencoded"];
type Load = (url: URL, sent: Sent & { headers: Record<string, string> }) => Promise<Omit<Visited, "url">>;

// Not by fetch: it says that it is a script, and some applications send only pages to a login (Fetch Metadata).
const load = (names?: PublicNames): Load => async (url, { method = "GET", headers, form }) => {
  const body = form && new URLSearchParams(form).toString();
  const sent = (names?.has(url) === true ? names.request : request)(url, {
    method, agent: false,
    headers: { ...headers, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", ...(body && { [TYPE]: FORM }) },
  });
  sent.on("error", () => undefined); // before the answer it rejects; after it, the body tells
  const [response] = await once(sent.end(body), "response") as [IncomingMessage];
  const text = Buffer.concat(await response.toArray() as Buffer[]).toString();
  return { status: response.statusCode ?? 0, headers: headersOf(response), text };
};

export function headersOf({ headersDistinct }: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  return headers;
}

/** A browser without a screen: follows redirects, keeps cookies per host name as browsers do, sends forms. */
export class UserAgent {
  readonly cookies = new Map<string, Map<string, string>>();
  readonly #apps: ReadonlyMap<string, TestApp>;
  readonly #names: PublicNames | undefined;

  /** `places`: Authflow as it is built in this process, by its public origin; servers that have public names. */
  constructor(...places: (TestApp | PublicNames)[]) {
    const apps = places.filter((place) => "fastify" in place);
    this.#apps = new Map(apps.map((app) => [new URL(app.fastify.config.publicUrl).origin, app]));
    this.#names = places.find((place) => "env" in place);
  }

  /** Stops at the first answer that is no redirect, and before leaving this machine: where applications live. */
  async open(address: string | URL, sent: Sent = {}): Promise<Visited> {
    let [url, next] = [new URL(address), sent];
    for (let hops = 0; hops < 20; hops++) {
      if (url.hostname !== "localhost" && this.#names?.has(url) !== true)
        return { url, status: 0, headers: new Headers(), text: "" };
      const answer = await this.once(url, next);
      const location = answer.headers.get("location");
      if (location === null) return { url, ...answer };
      [url, next] = [new URL(location, url), {}];
    }
    throw new Error(`Redirected without end: ${url.href}`);
  }

  /** One request, whatever its answer. */
  async once(url: URL, { headers = {}, ...sent }: Sent = {}): Promise<Omit<Visited, "url">> {
    const jar = this.cookies.get(url.hostname) ?? new Map<string, string>();
    this.cookies.set(url.hostname, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const app = this.#apps.get(url.origin);
    const all = { accept: "text/html,application/xhtml+xml,*/*;q=0.8", ...headers, ...(cookie !== "" && { cookie }) };
    const answer = await (app === undefined ? load(this.#names) : inject(app))(url, { ...sent, headers: all });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = "", value = "", attributes = ""] = /^([^=]+)=([^;]*)(.*)/.exec(line) ?? [];
      if (!isAccepted(name, attributes, url)) continue;
      if (/expires=Thu, 01 Jan 1970|max-age=0/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return answer;
  }

  /** Fills in and sends the first form of a page. */
  async submit(page: Visited, fields: Record<string, string> = {}): Promise<Visited> {
    const [, action = ""] = /<form[^>]*\saction="([^"]*)"/.exec(page.text) ?? [];
    const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)]
      .map(([, name, value]) => [name, value]);
    return this.open(new URL(action.replaceAll("&amp;", "&"), page.url),
      { method: "POST", form: { ...Object.fromEntries(hidden) as Record<string, string>, ...fields } });
  }
}

/** As browsers decide (RFC 6265bis §4.1.3, §5.7). */
const isAccepted = (name: string, attributes: string, { protocol }: URL): boolean => {
  const isSecure = /; *secure\b/i.test(attributes) && protocol === "https:";
  if (name.startsWith("__Host-"))
    return isSecure && /; *path=\/(;|$)/i.test(attributes) && !/; *domain=/i.test(attributes);
  return isSecure || !/; *secure\b/i.test(attributes);
};

/** Where the link or the button with this text leads, and what the button's form sends there. */
export function wayOn({ text, url }: Visited, label: string): { url: URL; form?: Record<string, string> } {
  const end = `>(?:<svg.*?</svg>)?${label.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}</`;
  const [, href] = new RegExp(`<a href="([^"]*)"[^<]*${end}`).exec(text) ?? [];
  if (href !== undefined) return { url: new URL(unescaped(href), url) };
  const [, action, inputs = ""] =
    new RegExp(`<form method="post" action="([^"]*)">((?:<input[^>]*>)*)<button[^<]*${end}`).exec(text) ?? [];
  if (action === undefined) throw new Error(`Nothing to press is called "${label}"`);
  const fields = [...inputs.matchAll(/name="([^"]*)" value="([^"]*)"/g)].map((field) => field.slice(1).map(unescaped));
  return { url: new URL(unescaped(action)), form: Object.fromEntries(fields) as Record<string, string> };
}

const unescaped = (html: string): string =>
  html.replace(/&#(\d+);/g, (_all, code) => String.fromCharCode(Number(code))).replaceAll("&amp;", "&");

const inject = (app: TestApp): Load => async (url, { method = "GET", headers, form }) => {
  const payload = form && new URLSearchParams(form).toString();
  const answer = await app.call(method, url.pathname + url.search, {
    headers: { ...headers, ...(payload !== undefined && { [TYPE]: FORM }) },
    ...(payload !== undefined && { payload }),
  });
  const received = new Headers();
  for (const [name, value] of Object.entries(answer.headers)) {
    for (const one of [value].flat()) received.append(name, String(one));
  }
  return { status: answer.status, headers: received, text: answer.text };
};
