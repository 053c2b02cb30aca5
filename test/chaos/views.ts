import { inflateSync } from "node:zlib";
import { decodeJwt } from "jose";
import { call, postForm } from "./client.js";
import type { Path } from "./ledger.js";
import type { Claims, Listener, Opinion } from "./listener.js";
import type { World } from "./world.js";

export interface Token { text: string; claims: Claims & { status?: { status_list: { idx: number; uri: string } } } }
export const toToken = (text: string): Token => ({ text, claims: decodeJwt(text) as unknown as Token["claims"] });

/** Milliseconds for which reads share a status list. */
const MOMENT = 100;

/** One place where a service can read whether a token is still valid. */
export interface View {
  path: Path;
  read(token: Token): Promise<Opinion>;
  /** Milliseconds between reads. */
  every: number;
  /** It may be empty for a moment after it lost its contents: a direct reader then misses the revocation. */
  mayForget?: boolean;
}

/** Every way in which a service can learn of a logout, at every replica. */
export function viewsOf({ replicas, client, shared, cutoffPrefix }: World, listeners: Listener[]): View[] {
  const asking = replicas.flatMap(({ url }): View[] => [
    { path: "ask", every: 100, read: async ({ text }) =>
      byStatus(await call("GET", `${url}/userinfo`, { authorization: `Bearer ${text}` })) },
    { path: "ask", every: 100, read: async ({ text }) => {
      const { status, body } = await postForm(`${url}/introspect`, { token: text }, client.headers);
      if (status !== 200) return "unknown";
      return body.active === true ? "accepted" : "refused";
    } },
  ]);
  const listening = listeners.map((listener): View =>
    ({ path: "feed", every: 10, read: async ({ claims }) => listener.thinks(claims) }));
  const lists = replicas.map(({ url }): View => {
    const bitsOf = listReader(url);
    return { path: "list", every: 500, read: async ({ claims: { status } }) => {
      if (status === undefined) return "unknown";
      const { idx, uri } = status.status_list;
      const bits = await bitsOf(uri);
      if (bits === undefined) return "unknown";
      return ((bits[idx >> 3] ?? 0) >> (idx & 7)) & 1 ? "refused" : "accepted";
    } };
  });
  const redis: View[] = shared() === undefined ? [] : [{
    path: "redis", every: 50, mayForget: true, read: async ({ claims }) => {
      try {
        const [revoked, before] = await shared()?.mget(`revoked:${claims.jti}`, cutoffPrefix + claims.sub) ?? [];
        return revoked != null || before != null ? "refused" : "accepted"; // each token has a subject of its own here
      } catch {
        return "unknown";
      }
    },
  }];
  return [...asking, ...listening, ...lists, ...redis];
}

/** The bits of a replica's lists. Reads at about the same time share one request, because a list is 128 KiB. */
function listReader(url: string): (uri: string) => Promise<Buffer | undefined> {
  const read = async (uri: string): Promise<Buffer | undefined> => {
    const answer = await call("GET", url + new URL(uri).pathname, {});
    if (answer.status !== 200) return undefined;
    const [, payload = ""] = String(answer.body.text).split(".");
    const { status_list: { lst } } = JSON.parse(Buffer.from(payload, "base64url").toString()) as
      { status_list: { lst: string } };
    return inflateSync(Buffer.from(lst, "base64url"));
  };
  const reading = new Map<string, Promise<Buffer | undefined>>();
  return (uri) => {
    const known = reading.get(uri);
    if (known !== undefined) return known;
    const list = read(uri);
    reading.set(uri, list);
    void list.then(() => setTimeout(() => reading.delete(uri), MOMENT));
    return list;
  };
}

function byStatus({ status }: { status: number }): Opinion {
  if (status === 401) return "refused";
  return status === 200 ? "accepted" : "unknown";
}
