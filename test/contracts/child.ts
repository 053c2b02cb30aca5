import { migrate, openDatabase } from "../../src/stores/prisma/database.js";
import { aClient, aRevocation, NOW } from "./samples.js";

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
  } else if (job === "insert") {
    // Until killed: prints what the database has acknowledged. Writing to a pipe is synchronous.
    await Promise.all(Array.from({ length: 8 }, async (_, lane) => {
      for (;;) {
        const [client, revocation] = [aClient(), aRevocation()];
        await (lane % 2 === 0 ? database.clients.insert(client) : database.revocations.record(revocation, false));
        console.log(lane % 2 === 0 ? `client ${client.id}` : `revocation ${revocation.jti}`);
      }
    }));
  }
}
