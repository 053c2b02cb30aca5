import { SentinelConnector, StandaloneConnector } from "ioredis/built/connectors/index.js";

/**
 * ioredis listens to the first error of a socket only. A second one, such as TLS's alert after a reset, would end the
 * process. Changes the connectors themselves, because a SentinelConnector makes further clients by itself.
 */
for (const Connector of [StandaloneConnector, SentinelConnector] as (typeof StandaloneConnector)[]) {
  // oxlint-disable-next-line typescript/unbound-method -- it is called with its object below
  const connect = Connector.prototype.connect;
  Connector.prototype.connect = async function (...args) {
    const stream = await connect.apply(this, args);
    return stream.on("error", () => undefined);
  };
}
