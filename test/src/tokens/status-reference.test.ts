import t from "../../support/tap.js";
import { statusListUri, statusReference } from "../../../src/tokens/status-reference.js";
import { someClaims } from "../../support/app.js";
import type { AccessTokenClaims } from "../../../src/tokens/claims.js";

const URL = "https://auth.example";
const ID = "019a8e5c-8a10-7b6f-a1b2-c3d4e5f60718";
const of = (status: unknown) => statusReference(URL, someClaims({ status }) as AccessTokenClaims);

await t.test("a token names its entry", async (t) => {
  t.strictSame(of({ status_list: { idx: 0, uri: statusListUri(URL, ID) } }), { listId: ID, index: 0 });
  t.strictSame(of({ status_list: { idx: 131_071, uri: `${URL}/status-lists/${ID}` } }), { listId: ID, index: 131_071 });
});

await t.test("what is not an entry of this deployment is ignored, whatever its form", async (t) => {
  const uri = statusListUri(URL, ID);
  const others = [undefined, null, 1, "x", {}, { status_list: null }, { status_list: {} }, { status_list: { idx: 1 } },
    { status_list: { idx: "1", uri } }, { status_list: { idx: -1, uri } }, { status_list: { idx: 1.5, uri } },
    { status_list: { idx: 2 ** 31, uri } },
    { status_list: { idx: 1, uri: `https://other.example/status-lists/${ID}` } },
    { status_list: { idx: 1, uri: `${uri}/more` } }, { status_list: { idx: 1, uri: `${URL}/status-lists/1` } },
    { status_list: { idx: 1, uri: uri.toUpperCase() } }];
  for (const status of others) t.equal(of(status), undefined, JSON.stringify(status));
});
