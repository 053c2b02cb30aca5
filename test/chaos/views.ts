import { inflateSync } from "node:zlib";
import { decode } from "../support/app.js";
import { call, postForm } from "./client.js";
import type { Path } from "./ledger.js";
import type { Claims, Listener, Opinion } from "./listener.js";
import type { World } from "./world.js";

export interface Token { text: string; claims: Claims & { status?: { status_list: { idx: number; uri: string } } } }
export const toToken = (text: string): Token => ({ text, claims: decode(text) as unknown as Token["claims"] });

/** One place where a service may look whether a token still counts. */
export interface View {
  path: Path;
  look(token: Token): Promise<Opinion>;
  /** Milliseconds between looks. */
  every: number;
  /** Is known to be empty for a moment after it lost its contents; who reads it directly sees that. */
  mayForget?: boolean;
}

/** Every way in which a service can learn of a logout, at every replica. */
export function viewsOf({ replicas, client, shared }: World, listeners: Listener[]): View[] {
  const asking = replicas.flatMap(({ url }): View[] => [
    { path: "ask", every: 100, look: async ({ text }) => byStatus(await call("GET", `${url}/userinfo`, { authorization: `Bearer ${text}` })) },
    { path: "ask", every: 100, look: async ({ text }) => {
      const { status, body } = await postForm(`${url}/introspect`, { token: text }, client.headers);
      if (status !== 200) return "unknown";
      return body.active === true ? "accepted" : "refused";
    } },
  ]);
  const listening = listeners.map((listener): View =>
    ({ path: "feed", every: 10, look: async ({ claims }) => listener.thinks(claims) }));
  const lists = replicas.map(({ url }): View => ({ path: "list", every: 500, look: async ({ claims: { status } }) => {
    if (status === undefined) return "unknown";
    const { pathname } = new URL(status.status_list.uri);
    const answer = await call("GET", url + pathname, {});
    if (answer.status !== 200) return "unknown";
    const [, payload = ""] = String(answer.body.text).split(".");
    const { status_list: { lst } } = JSON.parse(Buffer.from(payload, "base64url").toString()) as { status_list: { lst: string } };
    const bits = inflateSync(Buffer.from(lst, "base64url"));
    const { idx } = status.status_list;
    return ((bits[idx >> 3] ?? 0) >> (idx & 7)) & 1 ? "refused" : "accepted";
  } }));
  const redis: View[] = shared() === undefined ? [] : [{ path: "redis", every: 50, mayForget: true, look: async ({ claims }) => {
    try {
      const [revoked, before] = await shared()?.mget(`revoked:${claims.jti}`, `issued_before:sub:${claims.sub}`) ?? [];
      return revoked != null || before != null ? "refused" : "accepted"; // each token has a subject of its own here
    } catch {
      return "unknown";
    }
  } }];
  return [...asking, ...listening, ...lists, ...redis];
}

function byStatus({ status }: { status: number }): Opinion {
  if (status === 401) return "refused";
  return status === 200 ? "accepted" : "unknown";
}
