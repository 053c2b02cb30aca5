import { reason } from "../../shared/loggable-error.js";
import { type Check, type Finding, TIMEOUT } from "./check.js";
import { compareClocks } from "./clocks.js";

export const checkService: Check = async ({ publicUrl, statusLists }, { clock }) => {
  const url = `${publicUrl}/.well-known/jwks.json`;
  try {
    const response = await get(url);
    const { keys } = await response.json().catch(() => ({})) as { keys?: unknown[] };
    if (!response.ok || !keys?.length) {
      return [["fail", `${url} answers ${response.status} without keys: does another service answer there? ` +
        "Check AUTHFLOW_PUBLIC_URL"]];
    }
    return [
      ["ok", `the service answers at ${publicUrl}`],
      ["ok", `JWKS is reachable at ${url} (${keys.length} key${keys.length === 1 ? "" : "s"})`],
      compareClocks("the service's", Date.parse(response.headers.get("date") ?? ""), clock()),
      ...await checkReadiness(`${publicUrl}/health/ready`),
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

/** A proxy may keep the path from the public: then there is no finding. */
async function checkReadiness(url: string): Promise<Finding[]> {
  const { parts } = await (await get(url)).json().catch(() => ({})) as { parts?: { clock?: string } };
  if (parts?.clock !== "down") return [];
  return [["fail", "the service issues no token, because its machine's clock differs from the database's by more " +
    "than 5 minutes, or was set by more than that: synchronise both (NTP), and if both are right, restart Authflow"]];
}

/** Without credentials, so that the response is a 401 at once instead of a stream. */
async function checkFeed(url: string): Promise<Finding> {
  const { status } = await get(url);
  if (status === 401) return ["ok", `the revocation feed is reachable at ${url}`];
  return ["fail", `${url} answers ${status} instead of asking for credentials: let the proxy forward that path`];
}

const get = (url: string): Promise<Response> =>
  fetch(url, { signal: AbortSignal.timeout(TIMEOUT), redirect: "error" });
