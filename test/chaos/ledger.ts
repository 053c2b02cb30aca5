/** The ways in which a service can learn that a token ended. */
export const PATHS = ["ask", "redis", "feed", "list"] as const;
export type Path = (typeof PATHS)[number];

/** What happened to the tokens of one scenario. */
export class Ledger {
  acknowledged = 0;
  /** Tokens that a path accepted again after it had refused them, or accepted when all was over. */
  readonly revived = new Set<string>();
  /** By path the longest time (ms) from the acknowledgement to the last moment at which it accepted the token. */
  readonly longest = new Map<Path, number>();

  accepted(path: Path, after: number): void {
    this.longest.set(path, Math.max(after, this.longest.get(path) ?? 0));
  }
}
