import { createRemoteJWKSet, decodeJwt, jwtVerify } from "jose";
import { registration } from "../support/registration.js";

export interface Answer { status: number; body: Record<string, unknown>; headers: Headers }
export interface Credentials { client_id: string; client_secret: string }

const JWKS = "/.well-known/jwks.json";
export const ISSUER = "authflow-go";
export const ADMIN = "an-operators-token-of-more-than-32-characters";
export const asAdmin = { authorization: `Bearer ${ADMIN}` };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** What a platform, its users and its downstream services do with the service at `url`. */
export function at(url: string) {
  const ask = async (method: string, path: string, headers: Record<string, string> = {}, body?: object) => {
    const json = body && { headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body) };
    const response = await fetch(url + path, { method, headers, ...json });
    const text = await response.text();
    const answer: Answer = { status: response.status, headers: response.headers, body: {} };
    return text === "" ? answer : { ...answer, body: JSON.parse(text) as Answer["body"] };
  };
  const mint = ({ client_id, client_secret }: Credentials, fields: object = {}) =>
    ask("POST", "/mint", {}, { client_id, client_secret, sub: "alice", ...fields });
  return {
    ask,
    mint,
    register: async (name = "shop") => {
      const answer = await ask("POST", "/clients", {}, registration({ name }));
      return expected(201, answer) as unknown as Credentials;
    },
    token: async (client: Credentials, fields?: object): Promise<string> =>
      expected(200, await mint(client, fields)).access_token as string,
    userinfo: (token: string) => ask("GET", "/userinfo", bearer(token)),
    logout: (token: string) => ask("POST", "/logout", bearer(token)),
    ready: () => ask("GET", "/health/ready"),
    /** Whether every part works, Redis too, which readiness does not wait for. */
    allUp: async () => isAllUp(await ask("GET", "/health/ready")),
    jwks: async () => expected(200, await ask("GET", JWKS)).keys as { kid: string; n: string }[],
    /** What a downstream service does: it knows the address of the JWKS and the issuer. */
    verify: (token: string) =>
      jwtVerify(token, createRemoteJWKSet(new URL(url + JWKS)), { issuer: ISSUER, algorithms: ["RS256"] }),
  };
}
/** Of an answer of GET /health/ready. */
export const isAllUp = ({ status, body: { parts } }: Pick<Answer, "status" | "body">): boolean =>
  status === 200 && Object.values(parts ?? {}).every((part) => ["up", "evicting", "differs"].includes(part as string));

export type Service = ReturnType<typeof at>;

function expected(status: number, answer: Answer): Answer["body"] {
  if (answer.status === status) return answer.body;
  throw new Error(`${answer.status} instead of ${status}: ${JSON.stringify(answer.body)}`);
}

export const jtiOf = (token: string): string => decodeJwt(token).jti as string;

/**
 * Waits until `holds`; returns the milliseconds that took, or throws after `deadline` of them: far more than it ever
 * takes, because a busy machine must not fail a test.
 */
export async function until(what: string, holds: () => Promise<boolean> | boolean, deadline = 60_000) {
  const start = performance.now();
  while (!await holds()) {
    if (performance.now() - start > deadline) throw new Error(`After ${deadline} ms still not so: ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
  return Math.round(performance.now() - start);
}

/** `count` tokens of one client. */
export const tokens = (service: Service, client: Credentials, count: number): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, () => service.token(client)));

/** The statuses that came, each once, in ascending order. */
export const statuses = (answers: Answer[]): number[] => [...new Set(answers.map(({ status }) => status))].sort();
