import { freePort } from "./ports.js";

/** Draws as many ports as it is asked for, prints them, and keeps them until it is killed or its input ends. */
const ports: number[] = [];
for (let i = 0; i < Number(process.argv[2]); i++) ports.push(await freePort());
console.log(JSON.stringify(ports));
process.stdin.resume();
