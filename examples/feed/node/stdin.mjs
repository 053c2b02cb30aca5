// Reads one token per line and prints the result for each.
import { createInterface } from "node:readline";
import { close, Unknown, verify } from "./authflow.mjs";

for await (const token of createInterface({ input: process.stdin })) {
  try {
    const { sub } = await verify(token);
    console.log(`ok ${sub}`);
  } catch (error) {
    console.log(`${error instanceof Unknown ? "unknown" : "refused"} ${error.message}`);
  }
}
close();
