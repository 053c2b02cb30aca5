import Wreck from "@hapi/wreck";
import { UpstreamError } from "../providers/upstream.js";
import { checkLiteralAddress, publicLookup } from "./addresses.js";

/** Milliseconds until the headers of an answer must be there, and from then on until its end: 10 s in all. */
const TIMEOUT = 5000;
const MAX_BYTES = 1024 * 1024;

type WreckOptions = NonNullable<Parameters<typeof Wreck.get>[1]>;
interface Boom extends Error {
  isBoom?: true;
  data?: { isResponseError?: boolean; payload?: unknown };
  output?: { statusCode: number };
}

/** Where requests to upstreams lead. `socketPath`: all of them to that Unix socket, for tests without an internet. */
export interface Route { trustedOrigin?: string | undefined; socketPath?: string | undefined }

/** Throws UpstreamError unless `url` is https, or lies at the trusted origin. */
export function checkEndpoint(url: string, { trustedOrigin }: Route): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && (parsed.protocol === "https:" || parsed.origin === trustedOrigin)) return parsed;
  throw new UpstreamError("untrustworthy", `${url.slice(0, 200)} is not an https URL`);
}

/** How the HTTP client may reach `url`. No redirect is followed. */
export function bounds(url: string, route: Route): WreckOptions {
  const parsed = checkEndpoint(url, route);
  const { trustedOrigin, socketPath } = route;
  const limits = { timeout: TIMEOUT, maxBytes: MAX_BYTES, redirects: false as const };
  if (socketPath !== undefined) return { ...limits, socketPath };
  if (parsed.origin === trustedOrigin) return limits;
  try {
    checkLiteralAddress(parsed);
  } catch (error) {
    throw new UpstreamError("untrustworthy", (error as Error).message);
  }
  return { ...limits, lookup: publicLookup };
}

export async function getDocument(url: string, route: Route, bearerToken?: string): Promise<unknown> {
  const headers = { accept: "application/json", "user-agent": "authflow", // GitHub answers nobody without a name
    ...(bearerToken !== undefined && { authorization: `Bearer ${bearerToken}` }) };
  try {
    const { res, payload } = await Wreck.get(url, { ...bounds(url, route), headers, json: "force" });
    if (res.statusCode === 200) return payload;
    throw new UpstreamError("untrustworthy", `${url.split("?", 1)[0]} answered ${res.statusCode}`);
  } catch (error) {
    throw upstreamError(error, url);
  }
}

/** What the HTTP client throws, as what it means. */
export function upstreamError(error: unknown, url: string): UpstreamError {
  if (error instanceof UpstreamError) return error;
  const { message, isBoom, data, output } = error as Boom;
  const status = output?.statusCode ?? 0;
  // Answers that are too large (413) or no JSON (406, or no Boom at all) did arrive.
  const arrived = isBoom !== true || (data?.isResponseError === true ? status < 500 && status !== 429 : [406, 413].includes(status));
  const { error: code } = (data?.payload ?? {}) as { error?: unknown };
  const said = typeof code === "string" ? ` (error ${code.slice(0, 100)})` : "";
  // Not the error itself: it carries the request with its credentials, and all that the upstream sent.
  return new UpstreamError(arrived ? "untrustworthy" : "unreachable", `${url.split("?", 1)[0]}: ${message.slice(0, 300)}${said}`);
}
