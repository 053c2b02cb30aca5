// A process full of feed subscribers on plain sockets: it follows its parent's messages, one answer to each.
import { connect } from "node:net";

const AT_ONCE = 100;
/** Milliseconds until a subscriber comes back: the stream's own `retry`. */
const RETRY = 1000;
/** Milliseconds without a word before `current` after which it tries anew: a full queue drops requests. */
const SILENCE = 10_000;
/** Ends the list of tokens of each event; no other text of the stream holds one. */
const BRACKET = 0x5d;
const now = () => Number(process.hrtime.bigint()) / 1e6; // the same clock in all processes of a machine

/** Read and done with before the next socket's turn. */
const SHARED = Buffer.alloc(65_536);

let target;
const subscribers = [];
/** The news that the first subscriber was told since the start: ids and tokens; all are told the same. */
const told = { ids: [], tokens: [] };
/** When each piece of news arrived at each subscriber: one array of times by subscriber for each place in `told`. */
let arrivals = [];
let [closedByServer, resets, refused] = [0, 0, 0];

/** `told`: pieces of news so far. `current`: it was told everything of before. `text`: not understood yet. */
const newSubscriber = (index) => ({ index, told: 0, current: false, text: "" });

function open(subscriber) {
  const { index } = subscriber;
  const lastId = told.ids[subscriber.told - 1] ?? subscriber.startId;
  const resume = lastId === undefined ? "" : `last-event-id: ${lastId}\r\n`;
  subscriber.current = false;
  subscriber.text = "";
  // One source address has some 28,000 ports.
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
    (arrivals[subscriber.told] ??= new Float64Array(target.count))[subscriber.index] = at;
    subscriber.told++;
  }
}

/** The answer's head, what was missed, and then `current`. */
function catchUp(subscriber, text) {
  subscriber.text += text;
  if (/^HTTP\/1.1 (?!200)/.test(subscriber.text)) { // not ready yet: it comes back, as one whose connection breaks
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
    subscriber.told += whole.split("]").length - 1;
  }
  subscriber.settled?.(now());
}

function remember(subscriber, text) {
  subscriber.text += text;
  const events = [...subscriber.text.matchAll(/event: revoked\nid: (\S+)\ndata: \[\{"jti":"([^"]+)".*\]\n\n/g)];
  for (const { 1: id, 2: jti } of events) {
    told.ids.push(id);
    told.tokens.push(jti);
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
  /** Resolves when all have heard `current`. */
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
  /** Forgets the arrivals so far: they are those of a warm-up. */
  async forget() { arrivals = []; return {}; },
  /** Resolves when `count` pieces of news have arrived everywhere, or after `patience` milliseconds. */
  async arrived({ count, patience }) {
    const end = now() + patience;
    const lagging = () => subscribers.filter(({ told }) => told < count).length;
    while (lagging() > 0 && now() < end) await new Promise((resolve) => { setTimeout(resolve, 50); });
    return { lagging: lagging(), closedByServer, resets, told: told.tokens.length };
  },
  /** Delays in tenths of milliseconds, with how often each occurred. `answered`: pairs of token and time. */
  async delays({ answered }) {
    const times = new Map(answered);
    const counts = new Map();
    for (const [place, perSubscriber] of arrivals.entries()) {
      const from = times.get(told.tokens[place]);
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
  /** The time at which the last one is back and up to date. */
  async resumed() {
    return { at: Math.max(...await Promise.all(subscribers.map(settled))), resets, refused };
  },
  async allGone() {
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
