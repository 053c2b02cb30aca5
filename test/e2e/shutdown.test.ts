import { once } from "node:events";
import { connect, type Socket } from "node:net";
import t from "../support/tap.js";
import { isRunning, startNpm } from "../support/npm.js";
import { freePort } from "../support/ports.js";
