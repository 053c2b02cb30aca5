import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startListening } from "./listening-program.js";
import { freePort } from "./ports.js";
import { ROOT } from "./root.js";
import { binary, missing, type Suite, temporaryFolder } from "./services.js";

export const FRONTS = ["nginx", "apache", "haproxy"] as const;
export type FrontName = (typeof FRONTS)[number];

/** `example`: the documented configuration, which leads to Authflow. The rest is what it needs to run for a test. */
interface Front {
  program: string;
  args: (file: string) => string[];
  around: (example: string, port: string, folder: string) => string;
}

const FRONT: Record<FrontName, Front> = {
  nginx: {
    program: "nginx",
    args: (file) => ["-c", file],
    around: (example, port, folder) => {
      const [upstream = "", location = ""] = example.split("# snippet:on");
      const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map((name) => `${name}_temp_path ${folder}/${name};`).join(" ");
      return `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/log; events {}
        http { access_log off; ${temporary} ${upstream}
        server { listen 127.0.0.1:${port}; ${location} } }`;
    },
  },
  apache: {
    program: "apache2",
    args: (file) => ["-D", "FOREGROUND", "-f", file],
    around: (example, port, folder) => {
      const modules = ["mpm_event", "authz_core", "proxy", "proxy_http", "headers"]
        .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join("\n");
      const user = process.getuid?.() === 0 ? "User nobody\nGroup nogroup\n" : "";
      return `${modules}\n${user}ServerName localhost\nListen 127.0.0.1:${port}\nDefaultRuntimeDir ${folder}
        PidFile ${folder}/pid\nErrorLog ${folder}/log\nDocumentRoot ${folder}\n${example}`;
    },
  },
  haproxy: {
    program: "haproxy",
    args: (file) => ["-db", "-q", "-f", file],
    around: (example, port) => `defaults
  mode http
  timeout connect 5s
  timeout client 60s
frontend test
  bind 127.0.0.1:${port}
  use_backend authflow if { path_beg /identity/ } or { path /.well-known/oauth-authorization-server/identity }
${example}`,
  },
};

/**
 * The documented configuration of examples/proxy in the real program, before Authflow at `target` (a port). Resolves to
 * its origin; Authflow is at /identity below it.
 */
export async function front(t: Suite, name: FrontName, target: string): Promise<string | undefined> {
  const { program, args, around } = FRONT[name];
  const path = binary(program) ?? binary(`../sbin/${program}`);
  if (path === undefined) return missing(t, `${program} on the PATH`);
  const [folder, port] = [temporaryFolder(t), await freePort()];
  const example = readFileSync(join(ROOT, `examples/proxy/${name}.conf`), "utf8")
    .replaceAll("127.0.0.1:8080", `127.0.0.1:${target}`);
  const file = join(folder, "configuration");
  writeFileSync(file, `${around(example, String(port), folder)}\n`);
  await startListening(t, name, [path, ...args(file)], port);
  return `http://localhost:${port}`;
}
