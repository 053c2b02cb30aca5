import t from "../../support/tap.js";
import type { ConfigError } from "../../../src/config/config.js";
import { loadConfig } from "../../../src/config/load.js";
import { parseRedisUrl } from "../../../src/config/redis-url.js";

const PLAIN = {
  tls: false, addresses: [{ host: "localhost", port: 6379 }], username: undefined, password: undefined, database: 0,
  sentinel: undefined, family: 0, keyPrefix: "",
};
const SENTINELS = [{ host: "a", port: 26379 }, { host: "b", port: 5000 }, { host: "::1", port: 26379 }];
const master = (name: string) => ({ master: name, username: undefined, password: undefined });

const VALID: [url: string, target: Partial<ReturnType<typeof parseRedisUrl>>][] = [
  ["redis://localhost", {}],
  ["redis://localhost/", {}],
  ["redis:///3", { database: 3 }],
  ["rediss://h:6380/15", { tls: true, addresses: [{ host: "h", port: 6380 }], database: 15 }],
  ["redis://[::1]:1/1", { addresses: [{ host: "::1", port: 1 }], database: 1 }],
  ["redis://:p%40s%2Fs@localhost", { password: "p@s/s" }],
  ["redis://ann:p@ss,word@localhost", { username: "ann", password: "p@ss,word" }],
  ["redis://localhost?db=4&family=6&keyPrefix=a:", { database: 4, family: 6, keyPrefix: "a:" }],
  ["redis+sentinel://a,b:5000,[::1]/primary", { addresses: SENTINELS, sentinel: master("primary") }],
  ["rediss+sentinel://u:p@a,b:5000,[::1]/my%20primary/2?sentinel_username=s&sentinel_password=p%26q",
    { tls: true, addresses: SENTINELS, username: "u", password: "p", database: 2,
      sentinel: { master: "my primary", username: "s", password: "p&q" } }],
];
for (const [url, target] of VALID) t.strictSame(parseRedisUrl(url), { ...PLAIN, ...target }, url);

const INVALID: [url: string, fault: RegExp][] = [
  ["http://hunter2@h", /^REDIS_URL must be redis:\/\/user/],
  ["redis://h:port-hunter2", /^REDIS_URL must be redis:\/\/user/],
  ["redis://h/0#hunter2", /^REDIS_URL must be redis:\/\/user/],
  ["redis://:hunter2/x@h", /^REDIS_URL must be redis:.*a password as %2F/],
  ["redis://:hunter2%@h", /^REDIS_URL has a % that begins no code/],
  ["redis://a,b/0", /^REDIS_URL must name one host, or Sentinels/],
  ["redis://h/first", /^REDIS_URL must end with the number of a database/],
  ["redis://h/-1", /^REDIS_URL must end with the number of a database/],
  ["redis://h/0/1", /^REDIS_URL must end with the number of a database/],
  ["redis://h?family=5", /^REDIS_URL must have family=4 or family=6/],
  ["redis://h?ssl_cert_reqs=hunter2", /^REDIS_URL has an unknown parameter ssl_cert_reqs: use db, family, keyPrefix$/],
  ["redis://h?sentinel_password=hunter2", /^REDIS_URL has an unknown parameter sentinel_password/],
  ["redis+sentinel://:hunter2@a,b", /^REDIS_URL must name the primary after the Sentinels/],
];
for (const [REDIS_URL, fault] of INVALID) {
  await t.test(REDIS_URL, async (t) => {
    const { faults } = t.throws(() => loadConfig({ REDIS_URL })) as unknown as ConfigError;
    t.match(faults, [fault]);
    t.equal(faults.length, 1);
    t.notMatch(faults[0], "hunter2");
  });
}
