import type { UnusedPermission } from "../../clients/permission-uses.js";
import { withoutUnused } from "../../clients/permissions.js";
import type { Finding } from "./check.js";

/** Clients that are named one by one. */
const SHOWN = 20;

/** Names the clients that have more permissions than they use. */
export function checkPermissions(all: readonly UnusedPermission[]): Finding[] {
  const byClient = new Map<string, UnusedPermission[]>();
  for (const one of all) byClient.set(one.clientId, [...byClient.get(one.clientId) ?? [], one]);
  const findings = [...byClient.values()].slice(0, SHOWN).map((unused): Finding => ["note", describe(unused)]);
  const more = byClient.size - findings.length;
  return more > 0 ? [...findings, ["note", `${more} more clients have permissions that they do not use`]] : findings;
}

function describe(unused: readonly UnusedPermission[]): string {
  const [{ clientId, name, permissions }] = unused as [UnusedPermission];
  const names = unused.map(({ permission }) => permission);
  const since = new Date(Math.max(...unused.map(({ since }) => since))).toISOString().slice(0, 10);
  const rest = withoutUnused(permissions, names);
  const remedy = rest.length === 0
    ? `authflow clients disable ${clientId}`
    : `authflow clients permissions ${clientId} ${rest.join(" ")}`;
  return `client ${name} has not used ${names.join(", ")} since ${since}: withdraw what it does not need (${remedy})`;
}
