import type { IncomingMessage } from "node:http";
import Wreck from "@hapi/wreck";
import { errorCode } from "../providers/claims.js";
import { UpstreamError } from "../providers/upstream.js";
import { AddressRefusal, checkLiteralAddress, publicLookup } from "./addresses.js";

const MAX_BYTES = 1024 * 1024;

type WreckOptions = NonNullable<Parameters<typeof Wreck.get>[1]>;
interface Boom extends Error {
  isBoom?: true;
  /** Why there was no connection. */
  code?: unknown;
  /** Of an answer: itself and what it held. Of a redirect: the requests so far. */
  data?: { payload?: unknown; res?: IncomingMessage } | unknown[] | null;
  output?: { statusCode: number };
}
type Fault = [kind: UpstreamError["kind"], what: string];

/** Where requests to upstreams lead, and how long they may take. */
export interface Route {
  trustedOrigin?: string | undefined;
  /** All of them go to this Unix socket, for tests without an internet. */
  socketPath?: string | undefined;
  /** Milliseconds until the headers of an answer must be there, and from then on until its end. */
  timeout: number;
}

/** Throws UpstreamError unless `url` is https, or lies at the trusted origin. `name` is what the log calls it. */
export function checkEndpoint(url: string, name: string, { trustedOrigin }: Route): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && (parsed.protocol === "https:" || parsed.origin === trustedOrigin)) return parsed;
  throw new UpstreamError("untrustworthy", `${name} is not an https URL`);
}

/** How the HTTP client may reach `url`. Throws UpstreamError where it may not. */
export function bounds(url: string, name: string, route: Route): WreckOptions {
  const parsed = checkEndpoint(url, name, route);
  const { trustedOrigin, socketPath, timeout } = route;
  // 0: a redirect is an error. Without a number it would count as the answer.
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
  const headers = { accept: "application/json", "user-agent": "authflow", // GitHub answers nobody without a name
    ...(bearerToken !== undefined && { authorization: `Bearer ${bearerToken}` }) };
  try {
    const { res, payload } = await Wreck.get(url, { ...bounds(url, name, route), headers, json: "force" });
    if (res.statusCode === 200) return payload;
    throw new UpstreamError("untrustworthy", `${name} answered ${res.statusCode}`);
  } catch (error) {
    throw upstreamError(error, name);
  }
}

/**
 * What the HTTP client throws, as what it means. In words of ours: its own repeat what the upstream sent, and the error
 * itself carries the request with its credentials.
 */
export function upstreamError(error: unknown, name: string): UpstreamError {
  if (error instanceof UpstreamError) return error;
  const { data } = error as Boom;
  // A body that is given up goes on arriving: nobody would read it, nor hear of it when it becomes too large.
  if (!Array.isArray(data)) data?.res?.destroy();
  const [kind, what] = faultOf(error as Boom);
  return new UpstreamError(kind, `${name} ${what}`);
}

function faultOf(error: Boom): Fault {
  const { isBoom, code, data, output } = error;
  if (error instanceof AddressRefusal) return ["untrustworthy", "leads to an address that is not public"];
  if (isBoom !== true) return ["untrustworthy", "answered something else than a JSON object"];
  if (Array.isArray(data)) return ["untrustworthy", "answered by a redirect"];
  const { statusCode: answered = 200 } = data?.res ?? {};
  if (answered >= 400) return refusalOf(answered, data?.payload); // whatever its body: a proxy's page, mostly
  const status = output?.statusCode;
  if (status === 406 || data?.payload !== undefined) return ["untrustworthy", "did not answer JSON"];
  if (status === 408 || status === 504) return ["unreachable", "did not answer in time"];
  if (code !== undefined) return ["unreachable", `can't be reached (${errorCode(code)})`];
  // Which of the two, the client does not tell: it closes what is too long, and then finds it closed.
  return ["unreachable", "broke off its answer, or gave one of more than 1 MiB"];
}

function refusalOf(status: number, payload: unknown): Fault {
  const { error } = (payload ?? {}) as { error?: unknown };
  const isPassing = status >= 500 || status === 429;
  return [isPassing ? "unreachable" : "untrustworthy", `answered ${status} (error ${errorCode(error)})`];
}
