import { migrate, openDatabase } from "../../src/stores/prisma/database.js";
import { StatusAllocator } from "../../src/status-lists/allocator.js";
import type { AccessTokenClaims } from "../../src/tokens/claims.js";
import { aClient, anEntry, NOW } from "./samples.js";

const [job, url = "", id = "", times = "0"] = process.argv.slice(2);

if (job === "migrate") {
  console.log(JSON.stringify(await migrate(url)));
} else {
  const database = await openDatabase(url);
  if (job === "count") {
    for (let i = 0; i < Number(times); i++) {
      await database.clients.update(id, NOW, ({ policy }) =>
        ({ policy: { ...policy, max_ttl: (policy.max_ttl ?? 0) + 1 } }));
    }
    await database.close();
  } else if (job === "statuses") {
    // Prints the entries that it recorded; those of its last moments, when it is killed, may not be written down.
    const store = database.statusLists;
    const allocator = new StatusAllocator({ store, clock: Date.now, publicUrl: id, ttlMax: 3600 });
    for (let i = 0; i < Number(times); i++) {
      const status = await allocator.take();
      const claims: AccessTokenClaims =
        { iss: "i", sub: "alice", jti: "j", iat: NOW / 1000, exp: NOW / 1000 + 60, status };
      allocator.record(claims, "a-key");
      console.log(`${status.status_list.uri} ${status.status_list.idx}`);
      if (i % 10 === 0) await allocator.flush();
    }
    await allocator.close();
    await database.close();
  } else if (job === "append") {
    // Prints the values of each call on one line.
    await Promise.all(Array.from({ length: 4 }, async () => {
      for (let i = 0; i < Number(times); i++) {
        const entries = Array.from({ length: 1 + i % 3 }, () => anEntry());
        await database.revocations.append(entries);
        console.log(entries.map(({ value }) => value).join(" "));
      }
    }));
    await database.close();
  } else if (job === "insert") {
    // Until killed: prints what the database has acknowledged. Writing to a pipe is synchronous.
    await Promise.all(Array.from({ length: 8 }, async (_, lane) => {
      for (;;) {
        const [client, entry] = [aClient(), anEntry()];
        await (lane % 2 === 0 ? database.clients.insert(client) : database.revocations.append([entry]));
        console.log(lane % 2 === 0 ? `client ${client.id}` : `revocation ${entry.value}`);
      }
    }));
  }
}
