import { lookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";

/** A connection that was not made, because of where it would have led. */
export class AddressRefusal extends Error {
  override readonly name = "AddressRefusal";
}

/** Private, link-local, loopback, carrier-grade NAT, documentation, multicast and translated addresses are not. */
export const isPublic = (address: string): boolean => ipaddr.process(address).range() === "unicast";

/**
 * A DNS lookup that yields public addresses or fails. Used for the connection itself, so that no second lookup can give
 * another answer than the one that was checked (DNS rebinding).
 */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, options, (error, found, family) => {
    const addresses = typeof found === "string" ? [found] : (found ?? []).map(({ address }) => address);
    if (error === null && !addresses.every(isPublic)) callback(new AddressRefusal(), "");
    else callback(error, found, family);
  });
};

/** An address that stands in the URL itself is never looked up. Throws AddressRefusal where it is not public. */
export function checkLiteralAddress({ hostname }: URL): void {
  const address = hostname.replace(/^\[|\]$/g, "");
  if (isIP(address) !== 0 && !isPublic(address)) throw new AddressRefusal();
}
