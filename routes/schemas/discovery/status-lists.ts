import { Type } from "@sinclair/typebox";

export const StatusListPath = Type.Object({
  id: Type.String({ format: "uuid", description: "A UUID: the end of the `uri` that a token carries" }),
});

export const StatusListToken = Type.String({
  description: "A JWT with `typ` statuslist+jwt by a key of the JWKS, without `iss`. Claims: `sub` (the list's URI), " +
    "`iat`, `exp`, `ttl` (seconds) and `status_list` {`bits`: 1, `lst`: the bits, ZLIB, base64url}",
});
