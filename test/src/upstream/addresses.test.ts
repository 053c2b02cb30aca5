import t from "../../support/tap.js";
import { AddressRefusal, checkLiteralAddress, isPublic, publicLookup } from "../../../src/upstream/addresses.js";

const KINDS: Record<string, string[]> = {
  "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"],
  "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
  "unspecified": ["0.0.0.0", "0.1.2.3", "::"],
  "link-local": ["169.254.169.254", "fe80::1", "febf::1", "fe80::1%eth0"],
  "carrier-grade NAT": ["100.64.0.1", "100.127.255.254"],
  "multicast or broadcast": ["224.0.0.1", "239.255.255.255", "255.255.255.255", "ff02::1"],
  "for documentation, measurements or later": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "240.0.0.1",
    "192.0.0.1", "2001:db8::1", "3fff::1"],
  "local to a site": ["fc00::1", "fd12:3456::1", "fec0::1"],
  "an IPv4 address in IPv6": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1"],
  "translated or tunnelled": ["64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2001::1"],
};
for (const [kind, addresses] of Object.entries(KINDS)) {
  t.test(`an address that is ${kind} is not public`, async (t) => {
    t.strictSame(addresses.filter(isPublic), []);
  });
}

await t.test("addresses right beside them are", async (t) => {
  const addresses = ["8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255",
    "172.32.0.0", "169.253.255.255", "192.167.255.255", "192.169.0.0", "223.255.255.255", "2606:4700::1111",
    "::ffff:8.8.8.8"];
  t.strictSame(addresses.filter((address) => !isPublic(address)), []);
});

await t.test("an address in the URL itself is checked in every way of writing it", async (t) => {
  const written = ["127.0.0.1", "2130706433", "0x7f.1", "017700000001", "127.1", "[::1]", "[::ffff:10.0.0.1]",
    "１２７.0.0.1", "169.254.169.254", "[fe80::1]"];
  for (const host of written)
    t.throws(() => { checkLiteralAddress(new URL(`https://${host}/`)); }, AddressRefusal, host);
  for (const host of ["8.8.8.8", "[2606:4700::1111]", "example.com", "10.0.0.1.example.com"])
    t.doesNotThrow(() => { checkLiteralAddress(new URL(`https://${host}/`)); }, host);
});

await t.test("a name is looked up to public addresses or not at all", async (t) => {
  const lookUp = (name: string, options: object) => new Promise<unknown>((resolve, reject) => {
    publicLookup(name, options, (error, found) => { if (error === null) resolve(found); else reject(error); });
  });
  for (const options of [{ all: true }, { all: false }, { family: 4 }, {}]) {
    await t.rejects(lookUp("localhost", options), AddressRefusal, JSON.stringify(options));
    // Addresses as names need no resolver, which a machine of the tests may not have.
    await t.rejects(lookUp("10.0.0.1", options), AddressRefusal);
  }
  t.equal(await lookUp("8.8.8.8", {}), "8.8.8.8");
  t.strictSame(await lookUp("8.8.8.8", { all: true }), [{ address: "8.8.8.8", family: 4 }]);
  await t.rejects(lookUp("no-such-host.invalid", { all: true }), { code: /^E/ });
});
