import { request as requestByHttp, type IncomingMessage, type RequestOptions } from "node:http";
import { request as requestByHttps } from "node:https";
import type { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { errorCode, refusal } from "../providers/claims.js";
import { UpstreamError } from "../providers/upstream.js";
import { AddressRefusal, checkLiteralAddress, publicLookup } from "./addresses.js";
import { parseJson } from "./json.js";

const MAX_BYTES = 1024 * 1024;
/** Some providers refuse requests without a user-agent. */
const HEADERS = { accept: "application/json", "accept-encoding": "identity", "user-agent": "authflow" };
/** For servers that compress although they were asked not to. */
const DECODERS: Record<string, () => Transform> = {
  gzip: createGunzip, "x-gzip": createGunzip, deflate: createInflate, br: createBrotliDecompress,
};

/** Where requests to upstreams go, and how long they may take. */
export interface Route {
  /** The only origins that may have a private address or use plain http, because the operator configured them. */
  trustedOrigins: readonly string[];
  /** A Unix socket that receives all requests, for tests without internet access. */
  socketPath?: string | undefined;
  /** Limit in milliseconds for a whole exchange: from the DNS lookup to the end of the body, all attempts included. */
  timeout: number;
}

export interface Call {
  /** Stands for the URL in the log. */
  name: string;
  /** Sent by POST. Default: a GET without a body. */
  form?: Record<string, string>;
  authorization?: string | undefined;
  accept?: string | undefined;
  /** How often to ask, if the provider can't be reached or refuses. Default 1. */
  attempts?: number | undefined;
  /** Values that no message may repeat. */
  secrets?: readonly string[];
}

/** Throws UpstreamError unless `url` is https or has a trusted origin. `name` stands for the URL in the log. */
export function checkEndpoint(url: string, name: string, { trustedOrigins }: Route): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && (parsed.protocol === "https:" || trustedOrigins.includes(parsed.origin))) return parsed;
  throw new UpstreamError("untrustworthy", `${name} is not an https URL`);
}

/**
 * One exchange with an upstream: the body of a 2xx response, as text. Follows no redirects. Rejects with UpstreamError,
 * whose message holds nothing of the upstream's except its error code and description.
 */
export async function exchange(url: string, route: Route, call: Call): Promise<string> {
  const target = checkEndpoint(url, call.name, route);
  const signal = AbortSignal.timeout(route.timeout);
  for (let attempt = call.attempts ?? 1; ; attempt--) {
    try {
      return await attemptExchange(target, route, call, signal);
    } catch (error) {
      if (signal.aborted) throw new UpstreamError("unreachable", `${call.name} did not answer in time`);
      if (attempt <= 1) throw error;
    }
  }
}

async function attemptExchange(target: URL, route: Route, call: Call, signal: AbortSignal): Promise<string> {
  const { name, secrets = [] } = call;
  const response = await responseTo(target, route, call, signal).catch((error: unknown) => {
    if (error instanceof AddressRefusal)
      throw new UpstreamError("untrustworthy", `${name} leads to an address that is not public`);
    const { code } = error as { code?: unknown };
    throw new UpstreamError("unreachable", `${name} can't be reached (${errorCode(code)})`);
  });
  const { statusCode: status = 0 } = response;
  if (status >= 300 && status < 400) {
    response.destroy();
    throw new UpstreamError("untrustworthy", `${name} answered with a redirect (${status})`);
  }
  const body = await bodyOf(response, name, signal);
  if (status < 300) return body;
  const isTemporary = status >= 500 || status === 429;
  throw new UpstreamError(isTemporary ? "unreachable" : "untrustworthy",
    `${name} answered ${status} (${refusalIn(body, secrets)})`);
}

function responseTo(target: URL, route: Route, call: Call, signal: AbortSignal): Promise<IncomingMessage> {
  const { form, authorization, accept } = call;
  const body = form && new URLSearchParams(form).toString();
  const options: RequestOptions = {
    method: body === undefined ? "GET" : "POST",
    headers: {
      ...HEADERS,
      ...(accept !== undefined && { accept }),
      ...(authorization !== undefined && { authorization }),
      ...(body !== undefined &&
        { "content-type": "application/x-www-form-urlencoded", "content-length": Buffer.byteLength(body) }),
    },
    // No connection is used twice: one that was opened to a trusted origin would pass by the check of addresses.
    agent: false,
    signal,
  };
  return new Promise((resolve, reject) => {
    const closed = (): void => { reject(new Error("closed without a response")); }; // after 101, without an error
    requestAt(target, route, options).on("response", resolve).on("error", reject).on("close", closed).end(body);
  });
}

/** Throws AddressRefusal if Authflow must not call the address. */
function requestAt(target: URL, { trustedOrigins, socketPath }: Route, options: RequestOptions) {
  if (socketPath !== undefined) {
    const { host, pathname, search } = target;
    return requestByHttp({ ...options, headers: { ...options.headers as object, host }, socketPath,
      path: pathname + search });
  }
  const request = target.protocol === "https:" ? requestByHttps : requestByHttp;
  if (trustedOrigins.includes(target.origin)) return request(target, options);
  checkLiteralAddress(target);
  return request(target, { ...options, lookup: publicLookup });
}

async function bodyOf(response: IncomingMessage, name: string, signal: AbortSignal): Promise<string> {
  const decoder = DECODERS[response.headers["content-encoding"]?.trim().toLowerCase() ?? ""]?.();
  const chunks: Buffer[] = [];
  let size = 0;
  const collect = async (source: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of source) {
      size += chunk.length;
      if (size > MAX_BYTES) throw new RangeError();
      chunks.push(chunk);
    }
  };
  try {
    // A pipeline destroys all its parts if one fails. Otherwise the rest of an abandoned body would keep arriving.
    await (decoder === undefined ? pipeline(response, collect, { signal })
      : pipeline(response, decoder, collect, { signal }));
    return Buffer.concat(chunks).toString();
  } catch {
    const what = size > MAX_BYTES ? "sent more than 1 MiB" : "broke off its response";
    throw new UpstreamError("unreachable", `${name} ${what}`);
  }
}

/** What an error response says (RFC 6749 §5.2), made safe for the log. */
function refusalIn(body: string, secrets: readonly string[]): string {
  const { error, error_description: description } = (parseJson(body) ?? {}) as Record<string, unknown>;
  return refusal(error, description, secrets);
}
