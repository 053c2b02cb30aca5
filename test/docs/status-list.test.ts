import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { decodeJwt } from "jose";
import t from "../support/tap.js";
import { at } from "../e2e/support.js";
import { serve } from "../support/serve.js";
import { ROOT } from "../support/root.js";

type Example = { isRevoked: (claims: object) => Promise<boolean> };

await t.test("the example for status lists says what was revoked, and nothing where it can't know", async (t) => {
  const server = await serve(t, { AUTHFLOW_STATUS_LISTS: "on" });
  const service = at(server.url);
  process.env.AUTHFLOW_URL = server.url;
  t.teardown(() => { delete process.env.AUTHFLOW_URL; });
  const path = pathToFileURL(join(ROOT, "examples/verify/node/status-list.mjs")).href;
  const { isRevoked } = await import(path) as Example;
  const client = await service.register();
  const [out, stays] = [await service.token(client), await service.token(client)];
  t.equal((await service.logout(out)).status, 200);
  t.equal(await isRevoked(decodeJwt(out)), true);
  t.equal(await isRevoked(decodeJwt(stays)), false);
  const { status_list } = decodeJwt(out).status as { status_list: { idx: number; uri: string } };
  const says = (changes: object) => isRevoked({ status: { status_list: { ...status_list, ...changes } } });
  await t.rejects(says({ idx: 2 ** 17 }), { message: /no such entry/ });
  await t.rejects(says({ uri: "https://elsewhere.example/status-lists/1" }), { message: /not Authflow's/ });
  await t.rejects(says({ uri: `${server.url}/status-lists/019a8e5c-8a10-7b6f-a1b2-c3d4e5f60718` }), { message: /404/ });
  await server.stop();
  t.equal(await isRevoked(decodeJwt(out)), true, "for as long as the list says");
});
