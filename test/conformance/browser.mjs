/** A browser without a screen or scripts: follows redirects, keeps cookies per host, sends the first form of a page. */
export class Browser {
  #cookies = new Map();

  /** Loads an address and those that it redirects to; stops before one that begins with one of `stops`. */
  async open(address, stops, form) {
    let [url, body] = [new URL(address), form];
    for (let hops = 0; hops < 20; hops++) {
      if (stops.some((stop) => url.href.startsWith(stop))) return { url, text: "" };
      const answer = await this.#load(url, body);
      const location = answer.headers.get("location");
      if (location === null) return { url, text: await answer.text() };
      [url, body] = [new URL(location, url), undefined];
    }
    throw new Error(`Redirected without end: ${url.href}`);
  }

  submit({ url, text }, stops) {
    const [form = ""] = /<form[^>]*>/.exec(text) ?? [];
    const fields = [...text.matchAll(/<input[^>]*>/g)]
      .map(([input]) => [attribute(input, "name"), attribute(input, "value")]).filter(([name]) => name !== "");
    return this.open(new URL(attribute(form, "action"), url), stops, new URLSearchParams(fields));
  }

  async #load(url, body) {
    const jar = this.#cookies.get(url.hostname) ?? new Map();
    this.#cookies.set(url.hostname, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { accept: "text/html", ...(cookie !== "" && { cookie }) };
    const answer = await fetch(url, { headers, redirect: "manual", ...(body && { method: "POST", body }) });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (/max-age=0|expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return answer;
  }
}

const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'" };

function attribute(tag, name) {
  const [, value = ""] = new RegExp(`\\s${name}="([^"]*)"`).exec(tag) ?? [];
  return value.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity]);
}
