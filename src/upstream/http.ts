import type { IncomingMessage } from "node:http";
import Wreck from "@hapi/wreck";
import { errorCode, refusal } from "../providers/claims.js";
import { UpstreamError } from "../providers/upstream.js";
import { AddressRefusal, checkLiteralAddress, publicLookup } from "./addresses.js";

const MAX_BYTES = 1024 * 1024;

type WreckOptions = NonNullable<Parameters<typeof Wreck.get>[1]>;
interface Boom extends Error {
  isBoom?: true;
  /** Node's error code, if there was no connection. */
  code?: unknown;
  /** For a response: the response and its body. For a redirect: the requests so far. */
  data?: { payload?: unknown; res?: IncomingMessage } | unknown[] | null;
  output?: { statusCode: number };
}
type Fault = [kind: UpstreamError["kind"], what: string];

/** Where requests to upstreams go, and how long they may take. */
export interface Route {
  /** The only origin that may have a private address or use plain http, because the operator configured it. */
  trustedOrigin?: string | undefined;
  /** A Unix socket that receives all requests, for tests without internet access. */
  socketPath?: string | undefined;
  /** Limit in milliseconds until the headers of a response arrive, and again until its body is complete. */
  timeout: number;
}

/** Throws UpstreamError unless `url` is https or has the trusted origin. `name` stands for the URL in the log. */
export function checkEndpoint(url: string, name: string, { trustedOrigin }: Route): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && (parsed.protocol === "https:" || parsed.origin === trustedOrigin)) return parsed;
  throw new UpstreamError("untrustworthy", `${name} is not an https URL`);
}

/** The HTTP client's options for requests to `url`. Throws UpstreamError if Authflow must not call it. */
export function requestOptions(url: string, name: string, route: Route): WreckOptions {
  const parsed = checkEndpoint(url, name, route);
  const { trustedOrigin, socketPath, timeout } = route;
  // 0: a redirect is an error. Without this option, Wreck would return the redirect as the response.
  const limits = { timeout, maxBytes: MAX_BYTES, redirects: 0, redirect303: true };
  if (socketPath !== undefined) return { ...limits, socketPath };
  if (parsed.origin === trustedOrigin) return limits;
  try {
    checkLiteralAddress(parsed);
  } catch (error) {
    throw upstreamError(error, name);
  }
  return { ...limits, lookup: publicLookup };
}

export async function getDocument(url: string, name: string, route: Route, bearerToken?: string): Promise<unknown> {
  const headers = { accept: "application/json", "user-agent": "authflow", // GitHub requires a user-agent
    ...(bearerToken !== undefined && { authorization: `Bearer ${bearerToken}` }) };
  try {
    const { res, payload } = await Wreck.get(url, { ...requestOptions(url, name, route), headers, json: "force" });
    if (res.statusCode === 200) return payload;
    throw new UpstreamError("untrustworthy", `${name} answered ${res.statusCode}`);
  } catch (error) {
    throw upstreamError(error, name);
  }
}

/**
 * Converts what the HTTP client throws. The message is our own: the client's repeats what the upstream sent, and its
 * error carries the request with its credentials.
 */
export function upstreamError(error: unknown, name: string): UpstreamError {
  if (error instanceof UpstreamError) return error;
  const { data } = error as Boom;
  // Otherwise the rest of an abandoned body would keep arriving, without a limit on its size.
  if (!Array.isArray(data)) data?.res?.destroy();
  const [kind, what] = faultOf(error as Boom);
  return new UpstreamError(kind, `${name} ${what}`);
}

function faultOf(error: Boom): Fault {
  const { isBoom, code, data, output } = error;
  if (error instanceof AddressRefusal) return ["untrustworthy", "leads to an address that is not public"];
  if (isBoom !== true) return ["untrustworthy", "answered something other than a JSON object"];
  if (Array.isArray(data)) return ["untrustworthy", "answered with a redirect"];
  const { statusCode: answered = 200 } = data?.res ?? {};
  if (answered >= 400) return refusalOf(answered, data?.payload); // with any body, such as a proxy's HTML page
  const status = output?.statusCode;
  if (status === 406 || data?.payload !== undefined) return ["untrustworthy", "did not answer with JSON"];
  if (status === 408 || status === 504) return ["unreachable", "did not answer in time"];
  if (code !== undefined) return ["unreachable", `can't be reached (${errorCode(code)})`];
  // Wreck reports both alike: it closes a connection with too long a body, and then finds the connection closed.
  return ["unreachable", "broke off its response, or sent more than 1 MiB"];
}

function refusalOf(status: number, payload: unknown): Fault {
  const { error, error_description } = (payload ?? {}) as { error?: unknown; error_description?: unknown };
  const isTemporary = status >= 500 || status === 429;
  return [isTemporary ? "unreachable" : "untrustworthy", 
    `answered ${status} (${refusal(error, error_description)})`];
}
