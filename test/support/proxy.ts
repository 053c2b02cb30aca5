import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer, request, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { join } from "node:path";
import { listen } from "./openid.js";
import { binary, missing, type Suite, temporaryFolder } from "./services.js";

export interface Certificate { key: Buffer; cert: Buffer }

export interface Proxy {
  origin: string;
  /** The origin with the path that the proxy takes away. */
  url: string;
  /** Where requests go, in turn: no two consecutive ones to the same. Set it before the first. */
  targets: string[];
  /** `<target> <method> <path>` of every request so far. */
  seen: string[];
}

export interface ProxyOptions {
  /** It ends TLS, with this certificate or one for localhost that is made on the spot. */
  tls?: boolean | Certificate;
  /** The address that it says its clients have. */
  from?: string;
  name?: string;
  /** It takes this away from the paths below it, as those of examples/proxy do. */
  path?: string;
}

/** A reverse proxy before several replicas. */
export async function reverseProxy(
  t: Suite,
  { tls = false, from, name = "localhost", path: prefix = "" }: ProxyOptions = {},
): Promise<Proxy | undefined> {
  const scheme = tls === false ? "http" : "https";
  const proxy: Proxy = { origin: "", url: "", targets: [], seen: [] };
  const forward: RequestListener = (incoming, response) => {
    const { method, url = "", headers: { connection: _hop, ...headers } } = incoming; // RFC 9110 §7.6.1
    const path = url.startsWith(`${prefix}/`) ? url.slice(prefix.length) : url;
    const target = proxy.targets[proxy.seen.length % proxy.targets.length] as string;
    proxy.seen.push(`${target} ${method} ${path.split("?", 1)[0]}`);
    const forwarded = {
      ...headers, "x-forwarded-proto": scheme, ...(from !== undefined && { "x-forwarded-for": from }),
    };
    const onward = request(target + path, { method, headers: forwarded }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.writeHead(502).end());
    incoming.pipe(onward);
  };
  const certificate = tls === true ? selfSigned(t) : tls;
  if (certificate === undefined) return undefined;
  const server = certificate === false ? createHttpServer(forward) : createHttpsServer(certificate, forward);
  proxy.origin = `${scheme}://${name}:${await listen(t, server)}`;
  proxy.url = proxy.origin + prefix;
  return proxy;
}

function selfSigned(t: Suite): Certificate | undefined {
  if (binary("openssl") === undefined) return missing(t, "openssl on the PATH");
  const folder = temporaryFolder(t);
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  execFileSync("openssl", [
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
    "-subj", "/CN=localhost", "-keyout", key, "-out", cert,
  ], { stdio: "ignore" });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}
