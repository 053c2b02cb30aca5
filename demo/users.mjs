import { randomBytes, scryptSync, timingSafeEqual } from "node:crypto";

const hashed = (password, salt = randomBytes(16)) => ({ salt, hash: scryptSync(password, salt, 32) });

/** The platform's table of users. No password leaves the platform: Authflow learns who logged in, and how. */
const users = new Map([
  ["alice@example.com", { sub: "1001", name: "Alice", ...hashed("demo") }],
  ["bob@example.com", { sub: "1002", name: "Bob", ...hashed("demo") }],
]);
const nobody = hashed("");

/** The user with this address and password; undefined if there is none. */
export function findUser(email, password) {
  const { salt, hash, ...user } = users.get(email) ?? nobody; // the same work for an unknown address
  const isRight = timingSafeEqual(scryptSync(password, salt, 32), hash) && users.has(email);
  return isRight ? { ...user, email } : undefined;
}
