// The load generator: a separate process, so that its CPU time is not counted as the server's. It answers each message
// with one message.
import autocannon from "autocannon";

/**
 * All connections together go through `requests` in order: by default autocannon sends the list on each connection.
 * `keep`: the member of the answers to return as `tokens`.
 */
function run({ url, requests, amount, connections, keep }) {
  return new Promise((resolve, reject) => {
    const tokens = [];
    let next = 0;
    let lastAnswer = 0;
    const instance = autocannon({
      url, amount, connections: Math.min(connections, amount), sampleInt: 100, // autocannon ends at a sample only
      requests: [{
        setupRequest: (request) => ({ ...request, ...requests[next++ % requests.length] }),
        ...(keep && { onResponse: (_status, body) => { tokens.push(JSON.parse(body)[keep]); } }),
      }],
    }, (error, result) => {
      if (error) { reject(error); return; }
      const { latency: { p50, p99 }, "2xx": answered, non2xx, errors } = result;
      resolve({ seconds: (lastAnswer - start) / 1000, p50, p99, answered, failed: non2xx + errors, tokens });
    });
    const start = performance.now();
    instance.on("response", () => { lastAnswer = performance.now(); });
  });
}

process.on("message", async (task) => {
  const before = process.cpuUsage();
  const outcome = await run(task);
  const { user, system } = process.cpuUsage(before);
  process.send({ ...outcome, generatorCpu: (user + system) / 1e6 });
});
