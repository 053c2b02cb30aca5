import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Suite } from "./services.js";

export interface Link {
  port: number;
  /** Where new connections lead. */
  target: number;
  /** Ends every connection, and refuses new ones until `heal`. */
  cut(): void;
  /** Passes nothing on until `heal`; what is sent meanwhile is lost. Connections stay, and new ones are accepted. */
  hush(): void;
  heal(): void;
}

/** A TCP connection to a port of this machine, which can be cut and led elsewhere. */
export async function link(t: Suite, target: number): Promise<Link> {
  const sockets = new Set<Socket>();
  let [whole, silent] = [true, false];
  const server = createServer((near) => {
    if (!whole) return void near.destroy();
    const far = connect(made.target, "127.0.0.1");
    for (const [one, other] of [[near, far], [far, near]] as const) {
      sockets.add(one);
      one.on("error", () => undefined).on("close", () => { sockets.delete(one); other.destroy(); });
      one.on("data", (bytes) => { if (!silent) other.write(bytes); });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const end = (): void => { for (const socket of sockets) socket.destroy(); };
  const made: Link = {
    port: (server.address() as AddressInfo).port, target,
    cut: () => { whole = false; end(); },
    hush: () => { silent = true; },
    heal: () => { if (silent) end(); [whole, silent] = [true, false]; },
  };
  t.teardown(() => { server.close(); end(); });
  return made;
}
