// The tables of docs/scale-appendix.md.
import { machine, median, n, percent, table } from "../report.mjs";

const of = (rounds, field) => median(rounds.map((round) => round[field]));
const micro = (seconds) => (seconds * 1e6).toFixed(0);
const milli = (seconds) => (seconds * 1e3).toFixed(seconds < 0.01 ? 1 : 0);
const times = (value) => `${value.toFixed(2)} ×`;
const gigabytes = (bytes) => `${(bytes / 1e9).toFixed(2)} GB`;
const note = (others) =>
  `Measured on ${machine()}. Everything named here ran on that machine.
Other processes, those of PostgreSQL included, used ${percent(others)} of it.`;

/** Ratios within each round, because a disturbance of the machine affects both numbers of a round. */
const ratio = (subject, floor, field = "cpu") => median(subject.map((round, i) => round[field] / floor[i][field]));

function revocations({ live, results }) {
  const rows = Object.entries(results).map(([name, { bytes, ready, known, filling, started, snapshot }]) => [
    name, bytes.toFixed(0), gigabytes(bytes * live), ready.toFixed(1), known.toFixed(1), filling.toFixed(1),
    started.toFixed(0), snapshot.seconds.toFixed(1), snapshot.cpu.toFixed(1), snapshot.memory.toFixed(0),
    gigabytes(snapshot.bytes),
  ]);
  return `${table([
    `${n(live)} live revocations`, "bytes each in the database", "all", "start until ready, s",
    "until all is in memory, s", "CPU for that, s", "memory then, MB", "snapshot to one subscriber, s",
    "its server CPU, s", "peak of memory, MB", "sent",
  ], rows)}

${note(Math.max(...Object.values(results).map(({ snapshot }) => snapshot.others)))}`;
}

const READS = [
  "bytes of the list", "first read, ms", "its server CPU, ms", "later read, ms", "its server CPU, ms",
];

function lists({ shares, batches, size, reads, kept, manyBatches, memory, bytes }) {
  // Not the median of CPU seconds: the system counts them in hundredths.
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
  const rows = shares.map((share) => {
    const some = reads.filter((one) => one.share === share);
    const [first, later] = [some.map(({ first }) => first), some.flatMap(({ later }) => later)];
    const costs = [first, later].flatMap((all) => [of(all, "seconds"), mean(all.map(({ cpu }) => cpu))]);
    return [percent(share), n(Math.round(of(first, "bytes"))), ...costs.map(milli)];
  });
  const busy = `in batches of ${batches.busy} (a replica that mints a thousand a second)`;
  const idle = `in batches of ${batches.idle} (twelve a second)`;
  return `${table(["revoked", ...READS], rows)}

${table(["The cost of a list", ""], [
    [`bytes in PostgreSQL for each token, recorded ${busy}`, bytes.busy.toFixed(0)],
    [`the same, ${idle}`, bytes.idle.toFixed(0)],
    [`first read of a list in batches of ${batches.idle}, ms`, milli(manyBatches.seconds)],
    ["its server CPU, ms", milli(manyBatches.cpu)],
    ["bytes in PostgreSQL for each revoked token, in the log", bytes.revocation.toFixed(0)],
    [`memory of a process for each list that it keeps, MB (at most 16; ${n(size)} indexes each)`, memory.toFixed(1)],
    ["another read of a list within five seconds, ms", milli(of(kept, "seconds"))],
  ])}

${note(of(reads.map(({ first }) => first), "others"))}`;
}

const DELIVERING = [
  "logouts/s", "deliveries/s", "p50, ms", "p99, ms", "max, ms", "server CPU per delivery, µs", "cores: server",
  "cores: subscribers", "total seconds", "disconnected", "missed a logout",
];
const BACKENDS = [
  "Load of two replicas", "Redis commands/s", "for each logout", "Redis CPU, % of a core", "PostgreSQL transactions/s",
];
const total = (all, field) => all.reduce((sum, one) => sum + one[field], 0);

function feed({ subscribers, connecting, idleLoad, memory, idle, rounds, resumption }) {
  const cores = ({ cpu, seconds }, prefix) =>
    Object.keys(cpu).filter((name) => name.startsWith(prefix)).reduce((sum, name) => sum + cpu[name], 0) / seconds;
  const idleCores = cores(idle, "listening");
  const row = ({ rate, logouts, delays, spent, outcome }) => [
    rate, n(Math.round(delays.count / spent.seconds)),
    ...[delays.p50, delays.p99, delays.max].map((delay) => delay.toFixed(0)),
    (((cores(spent, "listening") - idleCores) * spent.seconds) / (logouts * subscribers) * 1e6).toFixed(0),
    ...["listening", "subscribers"].map((name) => cores(spent, name).toFixed(2)),
    spent.seconds.toFixed(0), total(outcome, "closedByServer"), total(outcome, "lagging"),
  ];
  const perLogout = ({ calls, seconds }, logouts) => (calls - idleLoad.calls / idleLoad.seconds * seconds) / logouts;
  const backends = (name, load, logouts) => [
    name, n(Math.round(load.calls / load.seconds)), logouts === undefined ? "" : perLogout(load, logouts).toFixed(1),
    (load.redisCpu / load.seconds * 100).toFixed(1), (load.transactions / load.seconds).toFixed(1),
  ];
  return `${table(DELIVERING, rounds.map(row))}

${table([`${n(subscribers)} subscribers of one process`, ""], [
    ["server memory before, MB", memory.before.toFixed(0)],
    ["server memory with them, MB", memory.after.toFixed(0)],
    ["memory each, KB", ((memory.after - memory.before) * 1000 / subscribers).toFixed(0)],
    ["time until all are connected, 200 at a time, s", connecting.toFixed(1)],
    ["cores of the server without logouts", idleCores.toFixed(2)],
    ["a restart: from start to readiness, while all of them reconnect, s", resumption.startUp.toFixed(1)],
    ["from readiness until the last one has received `current`, s", resumption.seconds.toFixed(1)],
    ["server CPU for that, ms for each", (resumption.spent.cpu.listening * 1000 / subscribers).toFixed(1)],
    [`subscribers that missed one of the ${resumption.missed} logouts meanwhile`, total(resumption.outcome, "lagging")],
    ["subscribers that needed a complete snapshot", resumption.resets],
  ])}

${table(BACKENDS, [
    backends("no logouts", idleLoad),
    ...rounds.map(({ rate, logouts, load }) => backends(`${rate} logouts/s`, load, logouts)),
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
      ["the same, without minting", ...Array(5).fill(""), of(alone, "serverCores").toFixed(2)],
    ]),
  ])}

${note(of(empty, "others"))}`;
}

const AT_REST = [
  "Replicas at rest", "of them run", "PostgreSQL, cores", "transactions/s", "rows of `replicas` read/s",
  "reads of the log/s", "connections", "a replica, % of a core", "MB", "Redis, cores", "commands/s",
];
const LOGGING_OUT = [
  "Replicas", "logouts/s", "PostgreSQL's CPU for each, ms", "reads of the log for each", "answered after, ms",
  "all others know it: p50, ms", "p99, ms", "max, ms", "idle share of the machine",
];

function replicas(results) {
  const all = Object.entries(results).flatMap(([name, steps]) => steps.map((step) => ({ name, ...step })));
  const rest = ({ name, count, running, rest: spent, connections, memory }) => [
    `${n(count)}, ${name}`, running, spent.postgres.toFixed(2), n(Math.round(spent.transactions)),
    n(Math.round(spent.replicas)), n(Math.round(spent.reads)), n(connections), (spent.replica * 100).toFixed(2),
    memory.toFixed(0), ...(spent.redis > 0 ? [spent.redisCores.toFixed(2), n(Math.round(spent.redis))] : ["", ""]),
  ];
  const reads = (load, spent) => (load.reads - spent.reads) * load.seconds / load.logouts;
  const logouts = ({ name, count, rest: spent, single, many }) => [["2", single], ["20", many]].map(([rate, load]) => [
    // Too little to tell it from what PostgreSQL does at rest.
    `${n(count)}, ${name}`, rate, load.perLogout > 0 ? milli(load.perLogout) : "", reads(load, spent).toFixed(0),
    ...[load.answer, load.p50, load.p99, load.max].map((delay) => delay.toFixed(0)), percent(load.idle),
  ]);
  return `${table(AT_REST, all.map(rest))}

${table(LOGGING_OUT, all.flatMap(logouts))}

Measured on ${machine()}. Everything named here ran on that machine.`;
}

export const TABLES = { revocations, lists, feed, minting, replicas };
