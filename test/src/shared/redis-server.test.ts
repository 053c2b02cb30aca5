import t from "../../support/tap.js";
import { type RedisFacts, redisFaults } from "../../../src/shared/redis-server.js";

const HEALTHY: RedisFacts = {
  role: "master", version: "6.2.0", cluster: false, maxmemoryPolicy: "noeviction", appendonly: "yes",
  databaseError: undefined, denied: [], missing: [], refusal: undefined,
};
const SERVERS: [what: string, facts: Partial<RedisFacts>, faults: [effect: string, text: RegExp][]][] = [
  ["a primary of the oldest version", {}, []],
  ["a later version with a smaller second number", { version: "7.0.15" }, []],
  ["one of two digits", { version: "10.0.1" }, []],
  ["a server that hides what it may hide", { version: undefined, maxmemoryPolicy: undefined, appendonly: undefined },
    []],
  ["an older minor version", { version: "6.0.16" }, [["unusable", /Redis 6\.0\.16 is too old.*upgrade/]]],
  ["an older major version", { version: "5.9.0" }, [["unusable", /too old/]]],
  ["a read-only replica", { role: "slave" }, [["unusable", /set it to the primary/]]],
  ["a server that hides its role", { role: undefined }, [["unusable", /INFO .* does not say that it is a primary/]]],
  ["a Sentinel", { role: "sentinel" }, [["unusable", /role: sentinel/]]],
  ["a cluster of old servers", { version: "5.0.0", cluster: true },
    [["unusable", /Redis Cluster, which is not supported/], ["unusable", /too old/]]],
  ["a missing database", { databaseError: "ERR DB index is out of range" },
    [["unusable", /database in REDIS_URL can't be selected \(ERR DB index is out of range\)/]]],
  ["a user who may not do everything", { denied: ["EVAL", "keys revoked:*"] },
    [["denied", /lacks permissions \(EVAL, keys revoked:\*\).*ACL SETUSER/]]],
  ["a user who may not send INFO", { denied: ["INFO"], role: undefined }, [["denied", /\(INFO\)/]]],
  ["a server whose commands were renamed", { missing: ["EVAL", "SCAN"] },
    [["denied", /lacks commands \(EVAL, SCAN\).*rename-command/]]],
  ["a server without INFO", { missing: ["INFO"], role: undefined }, [["denied", /\(INFO\)/]]],
  ["a server that is full", { refusal: "OOM command not allowed" }, [["refusing", /no writes \(OOM .*memory/]]],
  ...["allkeys-lru", "volatile-ttl"].map((maxmemoryPolicy): (typeof SERVERS)[number] =>
    [`maxmemory-policy ${maxmemoryPolicy}`, { maxmemoryPolicy }, [["evicting", /CONFIG SET maxmemory-policy noev/]]]),
  ["a server that does not persist", { appendonly: "no" }, [["unpersisted", /CONFIG SET appendonly yes/]]],
];
for (const [what, facts, expected] of SERVERS) {
  await t.test(what, async (t) => {
    const found = redisFaults({ ...HEALTHY, ...facts });
    t.equal(found.length, expected.length, found.map(({ text }) => text).join("; "));
    t.match(found, expected.map(([effect, text]) => ({ effect, text })));
  });
}
