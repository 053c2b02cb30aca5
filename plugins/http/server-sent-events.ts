/** `data`: JSON texts. They become one JSON array, or {} if there are none. */
export interface ServerSentEvent { name: string; data: readonly string[]; id?: string }

/** A list that is sent to many streams is serialised once. */
const serialised = new WeakMap<readonly ServerSentEvent[], Buffer>();

/** Events in the format of text/event-stream (WHATWG HTML §9.2), UTF-8. */
export function eventStreamText(events: readonly ServerSentEvent[]): Buffer {
  const text = serialised.get(events) ?? Buffer.from(events.map(eventText).join(""));
  serialised.set(events, text);
  return text;
}

function eventText({ name, data, id }: ServerSentEvent): string {
  const content = data.length > 0 ? `[${data.join(",")}]` : "{}";
  return `event: ${name}\n${id === undefined ? "" : `id: ${id}\n`}data: ${content}\n\n`;
}
