import type { Algorithm } from "../keys/algorithms.js";
import type { ProviderSettings } from "../providers/provider.js";
import type { RedisTls } from "./redis-tls.js";

export type Registration = "open" | "token" | "closed";

/** All durations are in seconds, all rate limits in requests per minute. */
export interface Config {
  /** Without a slash at the end. */
  readonly publicUrl: string;
  /** Whether the host of `publicUrl` is loopback. */
  readonly loopback: boolean;
  readonly host: string;
  /** A Unix socket to listen at, instead of `host` and `port`. */
  readonly socketPath: string | undefined;
  readonly port: number;
  /** How long an idle connection of a client stays open. */
  readonly keepAlive: number;
  /** The iss of tokens of /mint and /auth/{provider}. */
  readonly issuer: string;
  /** The iss of the standard endpoints: `issuer` if that is a URL, else `publicUrl`. */
  readonly standardIssuer: string;
  readonly databaseUrl: string;
  /** Connections to PostgreSQL; undefined: as the URL says, or the default. */
  readonly databasePoolSize: number | undefined;
  /** Holds the SQLite file and the generated key encryption key. */
  readonly dataDir: string;
  readonly redisUrl: string | undefined;
  readonly redisTls: RedisTls;
  readonly tokenTtl: number;
  readonly tokenTtlMax: number;
  readonly importedTokenTtlMax: number;
  readonly sessionTtl: number;
  readonly sessionIdleTtl: number;
  readonly requirePkce: boolean;
  /** Of refresh tokens, where the client's policy does not say. */
  readonly refreshTtl: number;
  readonly refreshIdleTtl: number;
  /** For so long the exchange of a refresh token is answered the same again. */
  readonly refreshRetry: number;
  readonly registration: Registration;
  readonly registrationToken: string | undefined;
  /** What clients that registered themselves may ask for. */
  readonly selfRegistered: { readonly audiences: readonly string[]; readonly scopes: readonly string[] };
  readonly adminToken: string | undefined;
  /** Undefined only on a loopback URL: it is then generated in the data folder. */
  readonly keyEncryptionKey: Buffer | undefined;
  /** Older keys, which only decrypt. */
  readonly formerKeyEncryptionKeys: readonly Buffer[];
  readonly signingAlgorithm: Algorithm;
  /** Whether tokens have a status if the client's policy does not say. */
  readonly statusLists: boolean;
  readonly signingKey: { readonly pem: string; readonly kid: string | undefined } | undefined;
  /** The enabled identity providers. */
  readonly providers: readonly ProviderSettings[];
  /** Undefined: keys rotate only by hand. */
  readonly keyRotation: number | undefined;
  readonly verifierCache: number;
  /** Open streams of one client on this replica. */
  readonly streamsPerClient: number;
  readonly rateLimits: {
    readonly ip: number;
    readonly client: number;
    readonly cutoffs: number;
    readonly failures: number;
    readonly registration: number;
    readonly login: number;
    readonly documents: number;
  };
  readonly trustProxy: false | string[];
  /** Whether the service documents itself at /docs and /openapi.json. */
  readonly docs: boolean;
  /** Who runs this installation, for pages. */
  readonly operator: { readonly name: string | undefined; readonly logo: string | undefined };
  readonly logLevel: string;
}

export class ConfigError extends Error {
  override readonly name = "ConfigError";
  constructor(readonly faults: readonly string[]) {
    super(`Authflow can't start with these settings:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`);
  }
}
