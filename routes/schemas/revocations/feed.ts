import { type Static, Type } from "@sinclair/typebox";
import type { RevocationPage } from "../../../src/revocation/feed/feed.js";

const Exp = Type.Integer({ description: "NumericDate from which on it is of no use to remember" });
const Named = Type.Optional(Type.String());

export const StreamHeaders = Type.Object({
  "last-event-id": Type.Optional(Type.String({
    maxLength: 255,
    description: "The id of the last event that arrived, at most 255 characters",
  })),
});

export const SnapshotQuery = Type.Object({
  limit: Type.Integer({ minimum: 1, maximum: 10_000, default: 1000, description: "A whole number from 1 to 10000" }),
  cursor: Type.Optional(Type.String({ maxLength: 2048, description: "next_cursor of the page before" })),
}, { additionalProperties: false });

export const RevocationSnapshot = Type.Object({
  last_event_id: Type.String({ description: "Where the stream goes on from this snapshot: its Last-Event-ID" }),
  revoked: Type.Array(Type.Object({ jti: Type.String(), exp: Exp }), { description: "Tokens that were revoked one by one" }),
  issued_before: Type.Array(
    Type.Object({
      sub: Named, client_id: Named, kid: Named,
      issued_before: Type.Integer({ description: "Epoch milliseconds; for a kid every token of it, whatever its birth" }),
      exp: Exp,
    }),
    {
      description:
        "Cut-offs: each ends all tokens of one subject, client or signing key that were issued before; of several for " +
        "one name the latest counts",
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
