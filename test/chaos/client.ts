import { request } from "node:http";

export interface Answer { status: number; body: Record<string, unknown> }

/** Milliseconds after which the opinion of a replica that does not answer is unknown. */
const PATIENCE = 4000;

/** One request; status 0 where no answer came. */
export function call(method: string, url: string, headers: Record<string, string>, body?: string): Promise<Answer> {
  return new Promise((resolve) => {
    const none = (): void => { resolve({ status: 0, body: {} }); };
    const sent = request(url, { method, headers, timeout: PATIENCE }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => { text += chunk.toString(); }).on("error", none).on("end", () => {
        const json = response.headers["content-type"]?.startsWith("application/json") === true;
        resolve({ status: response.statusCode ?? 0, body: json ? JSON.parse(text) as Answer["body"] : { text } });
      });
    });
    sent.on("timeout", () => { sent.destroy(); }).on("error", none).end(body);
  });
}
export const postJson = (url: string, body: object, headers: Record<string, string> = {}): Promise<Answer> =>
  call("POST", url, { "content-type": "application/json", ...headers }, JSON.stringify(body));
export const postForm = (url: string, body: Record<string, string>, headers: Record<string, string>): Promise<Answer> =>
  call("POST", url, { "content-type": "application/x-www-form-urlencoded", ...headers },
    new URLSearchParams(body).toString());
