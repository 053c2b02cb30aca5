import type { MintPolicy } from "../clients/client.js";
import type { ClientRegistry } from "../clients/registry.js";
import type { KeyRing } from "../keys/key-ring.js";
import type { Revocations } from "../revocation/revocations.js";
import type { Clock } from "../shared/clock.js";
import type { RefreshTokenFamilies } from "../sessions/refresh-token-families.js";
import type { SessionService } from "../sessions/session-service.js";
import type { TokenIssuer } from "../tokens/issuer.js";
import type { Drivers } from "./drivers.js";

export type Environment = Record<string, string | undefined>;

/** What a command reads and writes. `isTTY`: the stream is a terminal. */
export interface Streams {
  stdin: NodeJS.ReadableStream & { isTTY?: boolean };
  stdout: NodeJS.WritableStream;
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
}

/** The parts of the service that commands use. */
export interface Services {
  clients: ClientRegistry;
  keys: KeyRing;
  tokens: TokenIssuer;
  sessions: SessionService;
  refreshTokenFamilies: RefreshTokenFamilies;
  revocations: Revocations;
  clock: Clock;
  /**
   * Validates a change of a policy as PATCH /clients/{client_id} does. Throws invalid_request with the member's name.
   */
  checkPolicy: (change: unknown) => Partial<MintPolicy>;
}

/** What src/cli.ts passes to every command. */
export interface Context extends Streams {
  env: Environment;
  clock: Clock;
  drivers: Drivers;
  /** Set by a command that did not fail but found a problem. */
  exitCode: number;
  /** What the command's line in the log says beside its arguments. */
  logFields: Record<string, string>;
  /** Builds the service with the settings of `env`, without listening, and runs `work` with it. */
  withServices: <T>(work: (services: Services) => Promise<T>) => Promise<T>;
  /**
   * The same for a command that reads, or ends what is there: a database that lacks migrations is refused, and neither
   * made nor changed. In a new one, a revocation would be without effect.
   */
  existingServices: Context["withServices"];
  /** Starts the service; resolves when it listens. */
  serve: () => Promise<void>;
}
