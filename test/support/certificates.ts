import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { binary, missing, type Suite, temporaryFolder } from "./services.js";

/** Paths of PEM files. */
export interface Certificates {
  ca: string;
  server: { cert: string; key: string };
  client: { cert: string; key: string };
  /** An authority that signed none of them. */
  otherCa: string;
}

/** A private authority, and certificates by it for a client and for a server, which is at `name`. */
export function certificates(t: Suite, name = "IP:127.0.0.1"): Certificates | undefined {
  const openssl = binary("openssl");
  if (openssl === undefined) return missing(t, "openssl on the PATH");
  const folder = temporaryFolder(t);
  const file = (name: string): string => join(folder, name);
  const run = (...args: string[]): void => { execFileSync(openssl, args, { stdio: "ignore" }); };
  const create = (name: string): { cert: string; key: string } => {
    const [cert, key] = [file(`${name}.crt`), file(`${name}.key`)];
    run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", `/CN=${name}`,
      "-out", cert, "-keyout", key);
    return { cert, key };
  };
  const ca = create("authority");
  const sign = (name: string, extensions: string): { cert: string; key: string } => {
    const { cert, key } = create(name);
    writeFileSync(file("extensions"), extensions);
    run("x509", "-x509toreq", "-in", cert, "-signkey", key, "-out", file("request"));
    run("x509", "-req", "-in", file("request"), "-CA", ca.cert, "-CAkey", ca.key, "-CAcreateserial", "-days", "2",
      "-extfile", file("extensions"), "-out", cert);
    return { cert, key };
  };
  return {
    ca: ca.cert, otherCa: create("other-authority").cert,
    server: sign("server", `subjectAltName=${name}\n`), client: sign("client", "basicConstraints=CA:FALSE\n"),
  };
}
