import { once } from "node:events";
import { createServer } from "node:http";

/** Serves requests at http://localhost:`port`; resolves to what ends that. */
export async function listen(handler, port) {
  const server = createServer(handler).listen(port, "localhost");
  await once(server, "listening");
  return async () => {
    server.close();
    server.closeAllConnections(); // browsers keep theirs open
    await once(server, "close");
  };
}
