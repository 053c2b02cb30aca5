// The tables of docs/scale-appendix.md.
import { machine, median, n, percent, table } from "../report.mjs";

const of = (rounds, field) => median(rounds.map((round) => round[field]));
const micro = (seconds) => (seconds * 1e6).toFixed(0);
const milli = (seconds) => (seconds * 1e3).toFixed(seconds < 0.01 ? 1 : 0);
const times = (value) => `${value.toFixed(2)} ×`;
const gigabytes = (bytes) => `${(bytes / 1e9).toFixed(2)} GB`;
const minutes = (seconds) => (seconds < 100 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(1)} min`);
const note = (others) =>
  `Measured on ${machine()}, shared by everything that is named here.
${percent(others)} of the machine was taken by other work, PostgreSQL's processes included.`;

/** Round by round: what disturbs one disturbs its neighbour. */
const ratio = (subject, floor, field = "cpu") => median(subject.map((round, i) => round[field] / floor[i][field]));

const SENDING = ["seconds", "a second", "server CPU, s", "server memory, most, MB", "bytes each"];

function revocations(results) {
  const { live, part, rewritten, sqlite, written, packed, looks, fill, inRedis, pages, stream, userinfo } = results;
  const all = n(live);
  const store = (name, bytes) => [name, bytes.toFixed(0), gigabytes(bytes * live)];
  const send = (name, { count, seconds, cpu, memory, bytes }) => [
    name, seconds.toFixed(1), n(Math.round(count / seconds)), cpu.toFixed(1), memory.toFixed(0),
    bytes === undefined ? "" : (bytes / count).toFixed(0), minutes(seconds * live / count),
  ];
  const row = (name, rounds) => [
    name, micro(of(rounds, "cpu")), times(ratio(rounds, userinfo.empty)), n(Math.round(of(rounds, "rate"))),
    of(rounds, "p50").toFixed(0), of(rounds, "p99").toFixed(0),
  ];
  const look = (name, { time, buffers }) => [name, time.toFixed(2), n(buffers)];
  return `${table(["Where", "bytes a revocation", `${all} of them`], [
    store("Redis, memory (`used_memory`)", inRedis.bytes),
    store("PostgreSQL, rows, loaded at once", packed.heap),
    store("PostgreSQL, its three indexes, built at once", packed.indexes),
    store(`PostgreSQL, all, written as the service does it (${n(rewritten)} measured), before any VACUUM`, written),
    store(`SQLite, all, written in no order (${n(sqlite)} measured)`, results.sqliteBytes),
  ])}

${table([`Sending ${n(part)} of ${all}`, ...SENDING, `all ${all}, extrapolated`], [
    send("a replica fills an empty Redis", { ...fill, cpu: fill.cpu.server }),
    send("`GET /revocations?limit=10000`, all pages", pages),
    send("the stream's `reset`, one subscriber", stream),
  ])}

The server's memory at rest with ${all} revocations is ${results.atRest.toFixed(0)} MB: it keeps none of them. To load
them into Redis by \`redis-cli --pipe\` took ${inRedis.piped.toFixed(0)} s; Redis spent ${fill.cpu.redis.toFixed(1)} s
of CPU on the ${n(part)} that the replica wrote.

${table(["`GET /userinfo`", "server CPU, µs", "× empty", "req/s", "p50, ms", "p99, ms"], [
    row("Redis, nothing revoked", userinfo.empty),
    row(`Redis, ${all} revoked`, userinfo.full),
    row(`PostgreSQL alone (as when Redis is down), ${all} revoked`, userinfo.alone),
  ])}

${table(["PostgreSQL, what every replica asks every 400 ms: what Redis does not have yet", "ms", "pages touched"], [
    look(`${all} rows, none waiting`, looks.none),
    look("the same, 230 waiting (a few hundred logouts a second)", looks.waiting),
    look(`${n(rewritten)} rows, all marked since, before any VACUUM`, looks.dirty),
  ])}

${note(of(Object.values(userinfo).flat(), "others"))}`;
}

const LOOKS = [
  "bytes of the list", "first read, ms", "of them server CPU", "later read, ms", "of them server CPU",
];

function lists({ shares, batches, size, looks, kept, scattered, memory, bytes }) {
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length; // the system counts CPU in hundredths
  const rows = shares.map((share) => {
    const some = looks.filter((look) => look.share === share);
    const [first, again] = [some.map(({ first }) => first), some.flatMap(({ again }) => again)];
    const costs = [first, again].flatMap((all) => [of(all, "seconds"), mean(all.map(({ cpu }) => cpu))]);
    return [percent(share), n(Math.round(of(first, "bytes"))), ...costs.map(milli)];
  });
  const busy = `${batches.busy} at a time (a replica that mints a thousand a second)`;
  const idle = `${batches.idle} at a time (a dozen a second)`;
  return `${table(["revoked", ...LOOKS], rows)}

${table(["What a list takes", ""], [
    [`bytes in PostgreSQL for each token, recorded ${busy}`, bytes.busy.toFixed(0)],
    [`the same, ${idle}`, bytes.idle.toFixed(0)],
    ["first read of a list that was recorded so, ms", milli(scattered.seconds)],
    ["of them server CPU", milli(scattered.cpu)],
    ["bytes in PostgreSQL for each revoked token besides its revocation", bytes.revocation.toFixed(0)],
    [`memory of a process for each list that it keeps, MB (at most 16; ${n(size)} indexes each)`, memory.toFixed(1)],
    ["the same list within five seconds, ms", milli(of(kept, "seconds"))],
  ])}

${note(of(looks.map(({ first }) => first), "others"))}`;
}

const DELIVERING = [
  "logouts/s", "deliveries/s", "p50, ms", "p99, ms", "max, ms", "server CPU per delivery, µs", "cores: server",
  "cores: subscribers", "seconds in all", "cut off", "missed a logout",
];
const ASKING = [
  "Two replicas ask", "Redis commands/s", "for each logout", "Redis CPU, % of a core", "PostgreSQL transactions/s",
  "µs for an `INFO`",
];
const total = (all, field) => all.reduce((sum, one) => sum + one[field], 0);

function feed({ subscribers, connecting, asking, reading, memory, quiet, rounds, resumption: back }) {
  const cores = ({ cpu, seconds }, prefix) =>
    Object.keys(cpu).filter((name) => name.startsWith(prefix)).reduce((sum, name) => sum + cpu[name], 0) / seconds;
  const idle = cores(quiet, "listening");
  const row = ({ rate, logouts, delays, spent, outcome }) => [
    rate, n(Math.round(delays.count / spent.seconds)),
    ...[delays.p50, delays.p99, delays.max].map((delay) => delay.toFixed(0)),
    (((cores(spent, "listening") - idle) * spent.seconds) / (logouts * subscribers) * 1e6).toFixed(0),
    ...["listening", "subscribers"].map((name) => cores(spent, name).toFixed(2)),
    spent.seconds.toFixed(0), total(outcome, "closedByServer"), total(outcome, "lagging"),
  ];
  const perLogout = ({ calls, seconds }, logouts) => (calls - asking.calls / asking.seconds * seconds) / logouts;
  const ask = (name, asked, logouts) => [
    name, n(Math.round(asked.calls / asked.seconds)), logouts === undefined ? "" : perLogout(asked, logouts).toFixed(1),
    (asked.redisCpu / asked.seconds * 100).toFixed(1), (asked.transactions / asked.seconds).toFixed(1),
    (asked.info.micro / asked.info.calls).toFixed(0),
  ];
  return `${table(DELIVERING, rounds.map(row))}

${table([`${n(subscribers)} subscribers of one process`, ""], [
    ["server memory before, MB", memory.before.toFixed(0)],
    ["server memory with them, MB", memory.after.toFixed(0)],
    ["memory each, KB", ((memory.after - memory.before) * 1000 / subscribers).toFixed(0)],
    ["first connection of all, 200 at a time, s", connecting.toFixed(1)],
    ["cores of the server while nothing happens", idle.toFixed(2)],
    ["a restart: from start to readiness, while all of them reconnect, s", back.startUp.toFixed(1)],
    ["from there until the last one has received `current`, s", back.seconds.toFixed(1)],
    ["server CPU for that, ms for each", (back.spent.cpu.listening * 1000 / subscribers).toFixed(1)],
    [`subscribers who missed one of the ${back.missed} logouts meanwhile`, total(back.outcome, "lagging")],
    ["subscribers who needed a complete snapshot", back.resets],
  ])}

${table(ASKING, [
    ask("nothing happens", asking),
    ...rounds.map(({ rate, logouts, asked }) => ask(`${rate} logouts/s`, asked, logouts)),
  ])}

${table(["A replica reads the feed", ""], [
    ["Redis's CPU for a read that finds one event, µs", micro(reading.turn)],
    ["for each event more, µs", (reading.event * 1e6).toFixed(2)],
    ["Redis's memory for each event that it keeps, bytes", reading.bytes.toFixed(0)],
  ])}

${note(of(rounds.map(({ spent }) => spent), "others"))}`;
}

const MINTING = ["Mint", "server CPU, µs", "× empty", "req/s", "p50, ms", "p99, ms", "cores: server"];

function minting({ rate, empty, lists, listening }) {
  const row = (name, rounds, floor) => [
    name, micro(of(rounds, "cpu")), times(ratio(rounds, floor)), n(Math.round(of(rounds, "rate"))),
    of(rounds, "p50").toFixed(0), of(rounds, "p99").toFixed(0), of(rounds, "serverCores").toFixed(2),
  ];
  return `${table(MINTING, [
    row("an empty service", empty, empty),
    row("tokens with a status (`AUTHFLOW_STATUS_LISTS=on`)", lists, empty),
    ...listening.flatMap(({ count, empty: floor, alone, minting: rounds }) => [
      row(`${n(count)} subscribers, ${rate} logouts/s, the feed's CPU included`, rounds, floor),
      ["the same, nobody minting", ...Array(5).fill(""), of(alone, "serverCores").toFixed(2)],
    ]),
  ])}

${note(of(empty, "others"))}`;
}

export const TABLES = { revocations, lists, feed, minting };
