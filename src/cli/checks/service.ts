import type { DatabaseFacts } from "../drivers.js";
import { reason } from "../../shared/loggable-error.js";
import { type Check, type Finding, TIMEOUT } from "./check.js";
import { compareClocks } from "./clocks.js";

export const checkService: Check = async (config, { clock, drivers }) => {
  const { publicUrl, statusLists } = config;
  const url = `${publicUrl}/.well-known/jwks.json`;
  try {
    const response = await get(url);
    const { keys } = await response.json().catch(() => ({})) as { keys?: { kid?: string }[] };
    if (!response.ok || !keys?.length) {
      return [["fail", `${url} answers ${response.status} without keys: does another service answer there? ` +
        "Check AUTHFLOW_PUBLIC_URL"]];
    }
    return [
      ["ok", `the service answers at ${publicUrl}`],
      ["ok", `JWKS is reachable at ${url} (${keys.length} key${keys.length === 1 ? "" : "s"})`],
      compareClocks("the service's", Date.parse(response.headers.get("date") ?? ""), clock()),
      ...await checkReadiness(`${publicUrl}/health/ready`),
      ...await compareKeys(keys, drivers.inspectDatabase(config.databaseUrl, clock())),
      await checkFeed(`${publicUrl}/revocations/stream`),
      ["ok", statusLists ? `every token has an entry in a status list below ${publicUrl}/status-lists/`
        : "status lists: only for clients whose policy says so (AUTHFLOW_STATUS_LISTS is off)"],
    ];
  } catch (error) {
    const why = reason((error as Error).cause ?? error);
    return [["note", `no service answers at ${publicUrl} (not reachable from here: ${why}): ` +
      "start it (authflow serve), or check AUTHFLOW_PUBLIC_URL and the proxy in front of it"]];
  }
};

/** A service with other keys has another database: what commands revoke here is not revoked there. */
async function compareKeys(published: readonly { kid?: string }[], facts: Promise<DatabaseFacts>): Promise<Finding[]> {
  const stored = await facts.then(({ keys }) => keys.map(({ kid }) => kid), () => undefined);
  if (stored === undefined || published.some(({ kid = "" }) => stored.includes(kid))) return [];
  return [["fail", "the service there has none of the signing keys of the database here, so it uses another one: " +
    "give commands the DATABASE_URL of the service, or check AUTHFLOW_PUBLIC_URL"]];
}

/** A proxy may keep the path from the public: then there is no finding. */
async function checkReadiness(url: string): Promise<Finding[]> {
  const { parts = {} } = await (await get(url)).json().catch(() => ({})) as { parts?: Record<string, string> };
  const { clock, ...others } = parts;
  const clocks: Finding[] = clock !== "down" ? [] : [["fail", CLOCK]];
  // Only filling ends by itself.
  const found = Object.entries(others).filter(([, state]) => state !== "up").map(([part, state]): Finding =>
    [state === "filling" ? "note" : "fail", `the service's readiness says ${part}: ${state}. Its log says why`]);
  return [...clocks, ...found];
}

const CLOCK = "the service issues no token, because its machine's clock differs from the database's by more than 5 " +
  "minutes, or was set by more than that: synchronise both (NTP), and if both are right, restart Authflow";

/** Without credentials, so that the response is a 401 at once instead of a stream. */
async function checkFeed(url: string): Promise<Finding> {
  const { status } = await get(url);
  if (status === 401) return ["ok", `the revocation feed is reachable at ${url}`];
  return ["fail", `${url} answers ${status} instead of asking for credentials: let the proxy forward that path`];
}

const get = (url: string): Promise<Response> =>
  fetch(url, { signal: AbortSignal.timeout(TIMEOUT), redirect: "error" });
