import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import t from "../../../support/tap.js";
import { connectRedis } from "../../../../src/stores/redis/connect.js";

await t.test("a second error of a socket does not end the process", async (t) => {
  const server = createServer((socket) => { t.teardown(() => socket.destroy()); }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const url = `redis://127.0.0.1:${port}`;
  const redis = connectRedis({ url, tls: { ca: undefined, cert: undefined, key: undefined } });
  t.teardown(() => { redis.disconnect(); });
  redis.on("error", () => undefined);
  await once(redis, "connect");
  const { stream } = redis as unknown as { stream: NodeJS.EventEmitter };
  for (let i = 0; i < 4; i++) stream.emit("error", new Error("such as an alert of TLS"));
  t.pass("it goes on");
});
