import { type Static, Type } from "@sinclair/typebox";
import { Defaulted } from "../common.js";
import type { RevocationPage } from "../../../src/revocation/feed/feed.js";

const Exp = Type.Integer({ description: "NumericDate (seconds): forget the entry then" });
const Name = Type.Optional(Type.String());

export const StreamHeaders = Type.Object({
  "last-event-id": Type.Optional(Type.String({
    maxLength: 255,
    description: "The id of the last event that was received, at most 255 characters",
  })),
});

export const SnapshotQuery = Type.Object({
  limit: Defaulted(
    Type.Integer({ minimum: 1, maximum: 10_000, default: 1000, description: "A whole number from 1 to 10000" })),
  cursor: Type.Optional(Type.String({ maxLength: 2048, description: "`next_cursor` of the previous page" })),
}, { additionalProperties: false });

export const RevocationSnapshot = Type.Object({
  last_event_id: Type.String({ description: "Send it as `Last-Event-ID` to continue from this snapshot" }),
  revoked: Type.Array(Type.Object({ jti: Type.String(), exp: Exp }), {
    description: "Tokens that were revoked individually",
  }),
  issued_before: Type.Array(
    Type.Object({
      sub: Name, sid: Name,
      issued_to: Type.Optional(Type.String({ description: "Only tokens of `sub` or `sid` whose `client_id` is this" })),
      client_id: Name, kid: Name,
      issued_before: Type.Integer({
        description: "Epoch milliseconds. A cut-off of a `kid` revokes all of its tokens, whenever they were issued",
      }),
      exp: Exp,
    }),
    {
      description:
        "Cut-offs: each revokes all tokens of one subject, session (`sid`), client or signing key that were issued " +
        "before an instant; with `issued_to`, those of a subject or a session that one client was issued. If there " +
        "are several for one name, the latest applies",
    },
  ),
  next_cursor: Type.Union([Type.String(), Type.Null()], { description: "Null on the last page" }),
}, {
  $id: "RevocationSnapshot",
  examples: [{
    last_event_id: "journal.000000000000042-5f0c2a9e",
    revoked: [{ jti: "019a8e5c-8a10-7b6f-a1b2-c3d4e5f60718", exp: 1795489200 }],
    issued_before: [{ sub: "alice", issued_before: 1795485600123, exp: 1795572000 }],
    next_cursor: null,
  }],
});

export const presentSnapshot = (page: RevocationPage): Static<typeof RevocationSnapshot> => ({
  last_event_id: page.lastEventId,
  revoked: page.revoked,
  issued_before: page.issuedBefore,
  next_cursor: page.next,
});
