import type { Algorithm } from "../keys/algorithms.js";
import type { ProviderSettings } from "../providers/provider.js";

export type Registration = "open" | "token" | "closed";

/** All lifetimes are seconds, all limits requests per minute. */
export interface Config {
  readonly publicUrl: string;
  readonly loopback: boolean;
  readonly host: string;
  readonly port: number;
  readonly issuer: string;
  readonly databaseUrl: string;
  /** Holds what the embedded default makes: the SQLite file and the key encryption key. */
  readonly dataDir: string;
  readonly redisUrl: string | undefined;
  readonly tokenTtl: number;
  readonly tokenTtlMax: number;
  readonly registration: Registration;
  readonly registrationToken: string | undefined;
  readonly adminToken: string | undefined;
  /** Undefined on a loopback URL: then it is made in the data folder. */
  readonly keyEncryptionKey: Buffer | undefined;
  /** Those before it: they still decrypt. */
  readonly formerKeyEncryptionKeys: readonly Buffer[];
  readonly signingAlgorithm: Algorithm;
  /** Whether tokens carry a status where a client's policy does not say. */
  readonly statusLists: boolean;
  readonly signingKey: { readonly pem: string; readonly kid: string | undefined } | undefined;
  /** The identity providers that are switched on. */
  readonly providers: readonly ProviderSettings[];
  /** Undefined: keys rotate only by hand. */
  readonly keyRotation: number | undefined;
  readonly verifierCache: number;
  readonly rateLimits: {
    readonly ip: number;
    readonly client: number;
    readonly failures: number;
    readonly registration: number;
    readonly login: number;
  };
  readonly trustProxy: false | string[];
  readonly logLevel: string;
}

export class ConfigError extends Error {
  override readonly name = "ConfigError";
  constructor(readonly faults: readonly string[]) {
    super(`Authflow can't start with these settings:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`);
  }
}
