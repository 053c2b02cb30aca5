/** Several data lines of one kind may share an event: they become one JSON array, or {} where there are none. */
export interface ServerSentEvent { name: string; data: readonly string[]; id?: string }

/** Lists that many streams get are put into words once. */
const known = new WeakMap<readonly ServerSentEvent[], string>();

/** A part of a stream of Server-Sent Events (WHATWG HTML §9.2). */
export function eventStreamText(events: readonly ServerSentEvent[]): string {
  const text = known.get(events) ?? events.map(eventText).join("");
  known.set(events, text);
  return text;
}

function eventText({ name, data, id }: ServerSentEvent): string {
  const content = data.length > 0 ? `[${data.join(",")}]` : "{}";
  return `event: ${name}\n${id === undefined ? "" : `id: ${id}\n`}data: ${content}\n\n`;
}
