/**
 * Preloaded by programs (NODE_OPTIONS=--import …): for them, names below example.test are those of servers of this
 * machine. What they do is otherwise unchanged.
 */
import dns from "node:dns";

const { lookup } = dns;
dns.lookup = (name, ...rest) => lookup(name.endsWith(".example.test") ? "127.0.0.1" : name, ...rest);
