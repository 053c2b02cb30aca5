import { randomUUID } from "node:crypto";
import t from "../../support/tap.js";
import { issuedAtMs } from "../../../src/tokens/issued-at.js";
import { uuidv7 } from "../../../src/shared/uuid.js";

const NOW = Date.UTC(2026, 0, 1, 12, 30, 15, 123);
const SECOND = Math.floor(NOW / 1000);
const CASES: [what: string, jti: string, iat: number, issuedAt: number][] = [
  ["a UUIDv7 gives the millisecond", uuidv7(NOW), SECOND, NOW],
  ["also in capitals", uuidv7(NOW).toUpperCase(), SECOND, NOW],
  ["a UUIDv4 does not: iat, at the earliest", randomUUID(), SECOND, SECOND * 1000],
  ["nor does any other text", "a-former-token", SECOND, SECOND * 1000],
  ["one of another second than iat is not believed", uuidv7(NOW + 86_400_000), SECOND, SECOND * 1000],
  ["one with more around it is no UUIDv7", `x${uuidv7(NOW)}`, SECOND, SECOND * 1000],
];
for (const [what, jti, iat, issuedAt] of CASES) t.equal(issuedAtMs({ jti, iat }), issuedAt, what);
