import { connect } from "node:net";

/** The answer to the bytes of one request, headers in lower case. */
export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: Record<string, unknown>;
  text: string;
}

/** Sends bytes that no HTTP client would send, and reads the first answer until the server closes the connection. */
export async function exchange(host: string, port: number, bytes: string): Promise<RawAnswer> {
  const socket = connect(port, host);
  socket.write(bytes);
  let received = "";
  for await (const chunk of socket) received += String(chunk);
  const [head = "", ...rest] = received.split("\r\n\r\n");
  const [line = "", ...fields] = head.split("\r\n");
  const headers = Object.fromEntries(fields.map((field) => {
    const colon = field.indexOf(":");
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
  }));
  const text = rest.join("\r\n\r\n");
  const body = text.startsWith("{") ? JSON.parse(text) as Record<string, unknown> : {};
  return { status: Number(line.split(" ")[1]), headers, body, text };
}
