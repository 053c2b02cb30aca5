import type { MintPolicy } from "../clients/client.js";
import type { ClientRegistry } from "../clients/registry.js";
import type { KeyRing } from "../keys/key-ring.js";
import type { Revocations } from "../revocation/revocations.js";
import type { Clock } from "../shared/clock.js";
import type { TokenIssuer } from "../tokens/issuer.js";
import type { Drivers } from "./drivers.js";

export type Environment = Record<string, string | undefined>;

/** What a command reads and writes. `isTTY`: a person sits at it. */
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
  revocations: Revocations;
  clock: Clock;
  /** Checks a change of a policy as PATCH /clients/{client_id} does; throws invalid_request, which names the member. */
  checkPolicy: (change: unknown) => Partial<MintPolicy>;
}

/** What the composition root gives to every command. */
export interface Context extends Streams {
  env: Environment;
  clock: Clock;
  drivers: Drivers;
  /** Set by a command that ends without an error and still found a problem. */
  exitCode: number;
  /** Runs `work` on the service as the environment describes it, without listening. */
  withServices: <T>(work: (services: Services) => Promise<T>) => Promise<T>;
  /** Runs the service; resolves when it listens. */
  serve: () => Promise<void>;
}
