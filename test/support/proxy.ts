import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer, request, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { join } from "node:path";
import { listen } from "./openid.js";
import { binary, missing, type Suite, temporaryFolder } from "./services.js";

export interface Proxy {
  origin: string;
  /** Where requests go, in turn: no two consecutive ones to the same. Set it before the first. */
  targets: string[];
  /** `<target> <method> <path>` of every request so far. */
  seen: string[];
}

/**
 * A reverse proxy before several replicas. `tls`: as the one that ends TLS, with a certificate made on the spot.
 * `from`: the address that it says its clients have.
 */
export async function reverseProxy(
  t: Suite,
  { tls = false, from }: { tls?: boolean; from?: string } = {},
): Promise<Proxy | undefined> {
  const proxy: Proxy = { origin: "", targets: [], seen: [] };
  const forward: RequestListener = (incoming, response) => {
    const { method, url: path, headers } = incoming;
    const target = proxy.targets[proxy.seen.length % proxy.targets.length] as string;
    proxy.seen.push(`${target} ${method} ${path?.split("?", 1)[0]}`);
    const forwarded = {
      ...headers, "x-forwarded-proto": tls ? "https" : "http", ...(from !== undefined && { "x-forwarded-for": from }),
    };
    const onward = request(target + path, { method, headers: forwarded }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.writeHead(502).end());
    incoming.pipe(onward);
  };
  const certificate = tls ? selfSigned(t) : {};
  if (certificate === undefined) return undefined;
  const server = tls ? createHttpsServer(certificate, forward) : createHttpServer(forward);
  proxy.origin = `${tls ? "https" : "http"}://localhost:${await listen(t, server)}`;
  return proxy;
}

function selfSigned(t: Suite): { key: Buffer; cert: Buffer } | undefined {
  if (binary("openssl") === undefined) return missing(t, "openssl on the PATH");
  const folder = temporaryFolder(t);
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  execFileSync("openssl", [
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
    "-subj", "/CN=localhost", "-keyout", key, "-out", cert,
  ], { stdio: "ignore" });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}
