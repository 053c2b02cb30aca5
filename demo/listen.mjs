import { once } from "node:events";
import { createServer } from "node:http";

/** Serves requests at http://localhost:`port`; resolves to a function that stops the server. */
export async function listen(handler, port) {
  const server = createServer(handler).listen(port, "localhost");
  await once(server, "listening");
  return async () => {
    server.close();
    server.closeAllConnections(); // browsers keep connections open
    await once(server, "close");
  };
}
