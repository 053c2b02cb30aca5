import { Type } from "@sinclair/typebox";

export const StatusListPath = Type.Object({
  id: Type.String({ format: "uuid", description: "A UUID: the last part of the `uri` in a token's `status` claim" }),
});

export const StatusListToken = Type.String({
  description: "A JWT with `typ` statuslist+jwt, signed by a key of the JWKS. It has no `iss`. Claims: `sub` (the " +
    "list's URI), `iat`, `exp`, `ttl` (seconds) and `status_list` {`bits`: 1, `lst`: the bits, ZLIB, base64url}",
});
