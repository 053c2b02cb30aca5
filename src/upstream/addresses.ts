import { lookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";

/** Thrown instead of connecting to an address that is not public. */
export class AddressRefusal extends Error {
  override readonly name = "AddressRefusal";
}

/** False for private, link-local, loopback, carrier-grade NAT, documentation, multicast and translated addresses. */
export const isPublic = (address: string): boolean => ipaddr.process(address).range() === "unicast";

/**
 * A DNS lookup that returns public addresses or fails. The connection itself uses it, so that no second lookup can
 * return another address than the checked one (DNS rebinding).
 */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, options, (error, found, family) => {
    const addresses = typeof found === "string" ? [found] : (found ?? []).map(({ address }) => address);
    if (error === null && !addresses.every(isPublic)) callback(new AddressRefusal(), "");
    else callback(error, found, family);
  });
};

/** Checks an IP address in the URL itself, for which there is no DNS lookup. Throws AddressRefusal if not public. */
export function checkLiteralAddress({ hostname }: URL): void {
  const address = hostname.replace(/^\[|\]$/g, "");
  if (isIP(address) !== 0 && !isPublic(address)) throw new AddressRefusal();
}
