import type { Config } from "../../config/config.js";
import type { Context } from "../context.js";

/** The result of a check: fine, worth knowing, or a problem. The text includes the remedy. */
export type Finding = readonly ["ok" | "note" | "fail", string];
export type Check = (config: Config, given: Pick<Context, "drivers" | "clock">) => Promise<Finding[]>;

/** Milliseconds within which a server has to answer. */
export const TIMEOUT = 3000;
