import { readFileSync } from "node:fs";
import os from "node:os";

const sorted = (values) => [...values].sort((a, b) => a - b);
export const median = (values) => { const s = sorted(values); return (s[(s.length - 1) >> 1] + s[s.length >> 1]) / 2; };
const of = (rounds, field) => median(rounds.map((round) => round[field]));
export const n = (value) => value.toLocaleString("en");
const micro = (seconds) => (seconds * 1e6).toFixed(0);
const upper = (text) => text[0].toUpperCase() + text.slice(1);
export const percent = (share) => `${Math.round(share * 100)} %`;
const line = (cells) => `| ${cells.join(" | ")} |`;
export const table = (head, rows) =>
  [head, head.map((_, i) => (i === 0 ? ":--" : "--:")), ...rows].map(line).join("\n");

export const machine = () =>
  `${os.cpus().length} × ${os.cpus()[0].model.trim()}, Node ${process.versions.node}, ${os.type()}`;

const LEFT_OUT =
  "- PostgreSQL and Redis (`BENCH_POSTGRES_URL`, `BENCH_REDIS_URL`) could not be reached and were not measured.\n";
const COLUMNS = [
  "", "server CPU, µs", "× signature", "× bare Fastify", "req/s", "p50, ms", "p99, ms", "cores: server", "cores: load",
  "idle",
];

/** Ratios within each round, because a disturbance of the machine affects both numbers of a round. */
const ratios = (subject, floor) => sorted(subject.map(({ cpu }, round) => cpu / floor[round].cpu));
const ratio = (subject, floor) => median(ratios(subject, floor));
const times = (subject, floor) => {
  const all = ratios(subject, floor);
  return `${median(all).toFixed(2)} (${all[0].toFixed(2)}–${all.at(-1).toFixed(2)})`;
};

/** What test/contracts/login-statements.test.ts finds on each database. */
const statements = Object.entries(JSON.parse(readFileSync(new URL("login-statements.json", import.meta.url), "utf8")))
  .map(([step, all]) => [step, all.join(", ") || "none", all.length]);

/** The contents of docs/benchmarks.md. */
export function report(results) {
  const { scale, known, quick, minted, memory, startUp } = results;
  const full = `${n(scale.clients)} clients, ${n(scale.revocations)} revocations`;
  const names = {
    empty: "SQLite, empty", listed: "SQLite, empty, status lists on", full: `SQLite, ${full}`,
    alone: "PostgreSQL", networked: "PostgreSQL and Redis",
  };
  const command = `npm run build && npm run bench${quick ? " -- --quick" : ""}`;
  const starts = Object.entries(startUp).map(([name, all]) =>
    [name, of(all, "seconds").toFixed(2), of(all, "cpu").toFixed(2), of(all, "memory").toFixed(0)]);

  return `# Benchmarks

Written by \`${command}\` on ${machine()}.
The numbers depend on the machine and its other load. The ratios to the floors, which the same run measures, depend on
them much less. Other processes used ${percent(results.others)} of the machine while minting was measured.

## Targets

${table(["Target", "Measured", "Met"], targets(results, full))}

## Cost of a request

${table(COLUMNS, operations(results, full))}

## Start-up, from the start of the process until it answers that it is ready

${table(["", "seconds", "CPU seconds", "resident memory, MB"], starts)}

## Peak of resident memory during all of the above

${table(["", "MB"], Object.entries(memory).map(([name, mb]) => [names[name], mb.toFixed(0)]))}

## Statements to the database for a login

At \`/authorize\`, with the scope \`openid email offline_access\`, by a client that the replica knows. SQLite and
PostgreSQL get the same statements. \`test/contracts/login-statements.test.ts\` counts them. Those of an exchange or a
refresh that write are one transaction, and requests that come at once share the read and the transaction.

${table(["", "statements", "number"], statements)}

## How it is measured

- **Server CPU** is the CPU time of the server's process (user and system time, all threads), divided by the number of
  requests that it answered. The load generator is another process on the same cores. Its CPU time is shown as
  *cores: load*: it lowers req/s and raises latencies, but is not part of the CPU per request.
- **The service** is the built one with its default settings: log level info (one line for each request) with standard
  output to the null device, and all rate limits. No round reaches a limit: a limit, like any other error, ends the
  benchmark.
- **The bare Fastify route** is \`fastify()\` with default options and no logger. It parses the same body, makes one
  asynchronous RS256 signature for a token with the same claims, and answers with the same members. It does not
  authenticate or validate anything.
- **Rounds**: ${minted.floor.length} of about ${scale.seconds} s each at concurrency ${results.connections}. Floor
  and subjects alternate; every second round runs in reverse order. Ratios to bare Fastify are computed within a round
  and given as median (smallest–largest). All other numbers are medians.
- **Clients and revocations** of the full service are written into its database before it starts. ${n(known)} of its
  clients mint in turn. No revocation has expired.
- **Introspection and /userinfo** ask for 500 live tokens in turn. The bare Fastify route verifies the signature each
  time and reads the claims; it authenticates no client and knows no revocation. The service remembers the signatures of
  the last 2,000 tokens, and checks all else each time. *For the first time*: it asks for 4,000 tokens in turn, so that
  none is remembered. npm oidc-provider runs with its own memory.
- **The grants of POST /token**: the client authenticates by its secret. Client credentials sign one token. The
  exchange of a code (scope \`openid offline_access\`) and a refresh sign an access token and an ID token, and store a
  refresh token; each code and each refresh token is exchanged once. npm oidc-provider signs the same tokens (RS256, in
  process), rotates refresh tokens too, and has everything in a map in its memory, where the service writes to its
  database. The rate limit of logins is raised, because codes are made between the rounds.
- **Logout** is durable when it is answered: on SQLite that takes an \`fsync\` on the disk of the temporary folder,
  which concurrent logouts share. So does its floor.
${minted.networked ? "" : LEFT_OUT}`;
}

function targets({ connections, minted, read, checked, exchanged, loggedOut, startUp, atRest, memory }, full) {
  const { floor, empty } = minted;
  const idle = of(empty, "idle");
  const growth = Math.max(ratio(minted.full, empty), ratio(minted.fullMany, empty));
  const slowest = Math.max(...["SQLite, new database", "SQLite"].map((kind) => of(startUp[kind], "seconds")));
  const peak = Math.max(...Object.values(memory));
  const target = (name, measured, met) => [name, measured, met ? "yes" : "**no**"];
  const atMost = (name, most, subject, bare) => target(name, times(subject, bare), ratio(subject, bare) <= most);
  const cores = `All ${os.cpus().length} cores busy minting at concurrency ${connections}: at most 10 % idle`;
  return [
    atMost("Mint: at most 1.20 × the bare Fastify route with one signature", 1.2, empty, floor),
    target(cores, `${percent(idle)} idle`, idle <= 0.1),
    atMost("JWKS: at most 1.3 × a bare Fastify route", 1.3, read.empty, read.floor),
    ...Object.entries(KINDS).filter(([kind]) => checked[`${kind} introspect`]).flatMap(([kind, name]) => [
      atMost(`Introspection, ${name}: at most 1.5 × a bare Fastify route that verifies one signature`, 1.5,
        checked[`${kind} introspect`], checked.floor),
      atMost(`Introspection, ${name}, of a token for the first time: the same`, 1.5, checked[`${kind} first`],
        checked.floor),
      atMost(`/userinfo, ${name}: the same`, 1.5, checked[`${kind} userinfo`], checked.floor),
      target(`Introspection, ${name}: below npm oidc-provider's (opaque tokens, in memory)`,
        `${times(checked[`${kind} introspect`], checked.peer)} ×`,
        ratio(checked[`${kind} introspect`], checked.peer) < 1),
    ]),
    ...Object.entries(GRANTS).flatMap(([grant, title]) => Object.entries(KINDS)
      .filter(([kind]) => exchanged[`${kind} ${grant}`]).map(([kind, name]) => {
        const [ours, peer] = [exchanged[`${kind} ${grant}`], exchanged[`peer ${grant}`]];
        return target(`${upper(title)}, ${name}: below npm oidc-provider's (signed tokens, in memory)`,
          `${times(ours, peer)} ×`, ratio(ours, peer) < 1);
      })),
    atMost("Logout, SQLite: at most 1.2 × a bare Fastify route with one fsync'd batch", 1.2, loggedOut.empty,
      loggedOut.floor),
    target("Mint with an entry in a status list: within 10 % of one without",
      `${ratio(minted.listed, empty).toFixed(2)} ×`, ratio(minted.listed, empty) <= 1.1),
    target("Start-up to ready on SQLite: at most 0.7 s", `${slowest.toFixed(2)} s`, slowest <= 0.7),
    target("Resident memory at rest: at most 110 MB", `${atRest.toFixed(0)} MB`, atRest <= 110),
    target("Resident memory under load: under 150 MB", `${peak.toFixed(0)} MB`, peak < 150),
    target(`Mint with ${full}: within 10 % of an empty service`, `${growth.toFixed(2)} ×`, growth <= 1.1),
  ];
}

/** The grants of POST /token. */
const GRANTS = { client_credentials: "client credentials", code: "code exchange", refresh: "refresh" };
const KINDS = { empty: "SQLite", alone: "PostgreSQL", networked: "PostgreSQL and Redis" };

function operations({ known, minted, read, checked, exchanged, loggedOut }, full) {
  const signature = of(minted.signature, "cpu");
  const row = (name, rounds, bare) => (rounds === undefined ? [] : [[
    name, micro(of(rounds, "cpu")),
    (of(rounds, "cpu") / signature).toFixed(2), rounds === bare ? "1" : times(rounds, bare),
    n(Math.round(of(rounds, "rate"))), of(rounds, "p50").toFixed(0), of(rounds, "p99").toFixed(0),
    of(rounds, "serverCores").toFixed(2), of(rounds, "generatorCores").toFixed(2), percent(of(rounds, "idle")),
  ]]);
  return [
    ["floor: one signature, `crypto.sign` in a loop", micro(signature), "1", ...Array(7).fill("")],
    ...row("floor: bare Fastify route with one signature", minted.floor, minted.floor),
    ...row("mint, SQLite, empty", minted.empty, minted.floor),
    ...row("mint, SQLite, empty, with a status list", minted.listed, minted.floor),
    ...row(`mint, SQLite, ${full}, one client minting`, minted.full, minted.floor),
    ...row(`mint, SQLite, the same, ${n(known)} clients minting`, minted.fullMany, minted.floor),
    ...row("mint, PostgreSQL", minted.alone, minted.floor),
    ...row("mint, PostgreSQL and Redis", minted.networked, minted.floor),
    ...row("floor: bare Fastify route that verifies one signature", checked.floor, checked.floor),
    ...row("introspection, npm oidc-provider", checked.peer, checked.floor),
    ...Object.entries(KINDS).flatMap(([kind, name]) => [
      ...row(`introspection, ${name}`, checked[`${kind} introspect`], checked.floor),
      ...row(`introspection, ${name}, of a token for the first time`, checked[`${kind} first`], checked.floor),
      ...row(`/userinfo, ${name}`, checked[`${kind} userinfo`], checked.floor),
    ]),
    ...row("floor: bare Fastify route with one signature, beside the grants", exchanged.floor, exchanged.floor),
    ...Object.entries(GRANTS).flatMap(([grant, title]) => [
      ...row(`${title}, npm oidc-provider`, exchanged[`peer ${grant}`], exchanged.floor),
      ...Object.entries(KINDS).flatMap(([kind, name]) =>
        row(`${title}, ${name}`, exchanged[`${kind} ${grant}`], exchanged.floor)),
    ]),
    ...row("floor: bare Fastify route that verifies one signature and writes one row, with group commit",
      loggedOut.floor, loggedOut.floor),
    ...row("logout, SQLite, empty", loggedOut.empty, loggedOut.floor),
    ...row(`logout, SQLite, ${full}`, loggedOut.full, loggedOut.floor),
    ...row("logout, PostgreSQL", loggedOut.alone, loggedOut.floor),
    ...row("logout, PostgreSQL and Redis", loggedOut.networked, loggedOut.floor),
    ...row("floor: bare Fastify route with a static text of that size", read.floor, read.floor),
    ...row("JWKS", read.empty, read.floor),
  ];
}
