import type { Permission } from "../../clients/client.js";
import type { PermissionUseStore } from "../../clients/permission-uses.js";
import type { Db } from "./db.js";

interface Row { clientId: string; name: string; permissions: string; permission: string; since: bigint | number }

const SINCE = "CASE WHEN used_at > permissions_since THEN used_at ELSE permissions_since END";

export function permissionUseStore({ prisma, postgres }: Db): PermissionUseStore {
  const list = postgres ? "json_array_elements_text($1::json) AS wanted (value)" : "json_each(?) AS wanted";
  const before = postgres ? "$2::bigint" : "?";
  return {
    record: async (uses) => {
      for (const { clientId, permission, usedAt: milliseconds } of uses) {
        const [id, usedAt] = [{ clientId, permission }, BigInt(milliseconds)];
        const where = { clientId_permission: id };
        await prisma.permissionUse.upsert({ where, create: { ...id, usedAt }, update: { usedAt } });
      }
    },

    unused: async (permissions, instant) => {
      const rows = await prisma.$queryRawUnsafe<Row[]>(`
        SELECT client.id AS "clientId", client.name, client.permissions, wanted.value AS permission,
          ${SINCE} AS since
        FROM ${list} JOIN clients AS client ON ' ' || client.permissions || ' ' LIKE '% ' || wanted.value || ' %'
        LEFT JOIN permission_uses AS used ON used.client_id = client.id AND used.permission = wanted.value
        WHERE client.deleted_at IS NULL AND NOT client.disabled AND ${SINCE} < ${before}
        ORDER BY client.id`, JSON.stringify(permissions), BigInt(instant));
      return rows.map(({ permissions: held, permission, since, ...row }) => ({
        ...row, permissions: held.split(" ") as Permission[], permission: permission as Permission,
        since: Number(since),
      }));
    },
  };
}
