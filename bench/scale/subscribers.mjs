// A process with many subscribers of the feed, on plain sockets. It runs the actions that its parent sends, and answers
// each message with one message.
import { connect } from "node:net";

const AT_ONCE = 100;
/** Milliseconds until a subscriber reconnects: the `retry` of the stream. */
const RETRY = 1000;
/** Milliseconds without data before `current`, after which it reconnects: a full accept queue drops requests. */
const SILENCE = 10_000;
/** `]` ends the list of tokens of each event. The stream has no other `]`. */
const BRACKET = 0x5d;
const now = () => Number(process.hrtime.bigint()) / 1e6; // the same clock in all processes of a machine

/** All sockets read into it: each callback is done with the data before the next socket is read. */
const SHARED = Buffer.alloc(65_536);

let target;
const subscribers = [];
/** The events that the first subscriber has received: ids and tokens. All subscribers receive the same events. */
const received = { ids: [], tokens: [] };
/** For each event in `received`, an array with the time of its arrival at each subscriber. */
let arrivals = [];
let [closedByServer, resets, refused] = [0, 0, 0];

/** `received`: number of events. `current`: it has received all earlier events. `text`: received but not parsed yet. */
const newSubscriber = (index) => ({ index, received: 0, current: false, text: "" });

function open(subscriber) {
  const { index } = subscriber;
  const lastId = received.ids[subscriber.received - 1] ?? subscriber.startId;
  const resume = lastId === undefined ? "" : `last-event-id: ${lastId}\r\n`;
  subscriber.current = false;
  subscriber.text = "";
  // One source address has about 28,000 ports.
  const localAddress = `127.0.0.${2 + (index % 4)}`;
  const callback = (length) => { receive(subscriber, length); return true; };
  const socket = connect({ port: target.port, host: "127.0.0.1", localAddress, onread: { buffer: SHARED, callback } });
  subscriber.socket = socket;
  socket.on("error", () => undefined);
  socket.setTimeout(SILENCE, () => { if (!subscriber.current) socket.destroy(); });
  socket.on("close", () => {
    if (subscriber.current) closedByServer++;
    subscriber.current = false;
    if (!target.ended) setTimeout(open, RETRY, subscriber);
  });
  const { authorization } = target;
  const head = `GET /revocations/stream HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: ${authorization}\r\n`;
  socket.write(`${head}${resume}\r\n`);
}
function receive(subscriber, length) {
  if (!subscriber.current) { catchUp(subscriber, SHARED.latin1Slice(0, length)); return; }
  if (subscriber.index === 0) remember(subscriber, SHARED.latin1Slice(0, length));
  const at = now();
  const part = SHARED.subarray(0, length);
  for (let found = part.indexOf(BRACKET); found !== -1; found = part.indexOf(BRACKET, found + 1)) {
    (arrivals[subscriber.received] ??= new Float64Array(target.count))[subscriber.index] = at;
    subscriber.received++;
  }
}

/** Parses the beginning of an answer: the head, missed events or a snapshot, `current`. */
function catchUp(subscriber, text) {
  subscriber.text += text;
  if (/^HTTP\/1.1 (?!200)/.test(subscriber.text)) { // the server is not ready yet: reconnect
    refused++;
    subscriber.socket.destroy();
    return;
  }
  const end = /event: current\nid: (\S+)\ndata: \{\}\n\n/.exec(subscriber.text);
  if (end === null) return;
  const whole = subscriber.text;
  subscriber.text = "";
  subscriber.current = true;
  subscriber.socket.setTimeout(0);
  if (whole.includes("event: reset")) {
    if (subscriber.startId !== undefined) resets++;
    subscriber.startId ??= end[1];
  } else {
    if (subscriber.index === 0) remember(subscriber, whole);
    subscriber.received += whole.split("]").length - 1;
  }
  subscriber.settled?.(now());
}

function remember(subscriber, text) {
  subscriber.text += text;
  const events = [...subscriber.text.matchAll(/event: revoked\nid: (\S+)\ndata: \[\{"jti":"([^"]+)".*\]\n\n/g)];
  for (const { 1: id, 2: jti } of events) {
    received.ids.push(id);
    received.tokens.push(jti);
  }
  const last = events.at(-1);
  if (last !== undefined) subscriber.text = subscriber.text.slice(last.index + last[0].length);
  else if (subscriber.text.length > 65_536) subscriber.text = "";
}

const settled = (subscriber) => new Promise((resolve) => {
  if (subscriber.current) resolve(now());
  subscriber.settled = resolve;
});

const ACTIONS = {
  /** Resolves when all have received `current`. */
  async connect(options) {
    target = options;
    const start = now();
    for (let i = 0; i < target.count; i += AT_ONCE) {
      const some = Array.from({ length: Math.min(AT_ONCE, target.count - i) }, (_, k) => newSubscriber(i + k));
      subscribers.push(...some);
      some.forEach(open);
      await Promise.all(some.map(settled));
    }
    return { milliseconds: now() - start };
  },
  /** Discards the arrivals until now: they are not evaluated. */
  async forget() { arrivals = []; return {}; },
  /** Resolves when all subscribers have received `count` events, or after `timeout` milliseconds. */
  async arrived({ count, timeout }) {
    const end = now() + timeout;
    const lagging = () => subscribers.filter(({ received }) => received < count).length;
    while (lagging() > 0 && now() < end) await new Promise((resolve) => { setTimeout(resolve, 50); });
    return { lagging: lagging(), closedByServer, resets };
  },
  /** A histogram: pairs of delay (tenths of a millisecond) and count. `answered`: pairs of `jti` and time. */
  async delays({ answered }) {
    const times = new Map(answered);
    const counts = new Map();
    for (const [place, perSubscriber] of arrivals.entries()) {
      const from = times.get(received.tokens[place]);
      if (from === undefined || perSubscriber === undefined) continue;
      for (const at of perSubscriber) {
        if (at === 0) continue;
        const delay = Math.round((at - from) * 10);
        counts.set(delay, (counts.get(delay) ?? 0) + 1);
      }
    }
    arrivals = [];
    return { counts: [...counts] };
  },
  /** Resolves when all are connected and up to date; `at`: the time at which the last one was. */
  async resumed() {
    return { at: Math.max(...await Promise.all(subscribers.map(settled))), resets, refused };
  },
  /** Resolves when all connections have ended. */
  async disconnected() {
    while (subscribers.some(({ current }) => current)) await new Promise((resolve) => { setTimeout(resolve, 20); });
    for (const subscriber of subscribers) subscriber.settled = undefined;
    return {};
  },
  async end() {
    target.ended = true;
    for (const { socket } of subscribers) socket.destroy();
    return {};
  },
};

process.on("message", async ({ action, ...options }) => { process.send(await ACTIONS[action](options)); });
