import type { Config } from "../../config/config.js";
import type { Context } from "../context.js";

/** What a check found: fine, worth knowing, or a problem; the text says the remedy. */
export type Finding = readonly ["ok" | "note" | "fail", string];
export type Check = (config: Config, given: Pick<Context, "drivers" | "clock">) => Promise<Finding[]>;

/** Milliseconds within which a service has to answer. */
export const PATIENCE = 3000;
