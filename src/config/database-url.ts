import { accessSync, constants } from "node:fs";

export const isPostgres = (url: string): boolean => /^postgres(ql)?:/.test(url);

/** The path in `file:./relative`, `file:/absolute` or `file:///absolute`. */
export const sqlitePath = (url: string): string => url.replace(/^file:(\/\/(?=\/))?/, "");

/** Members of a PostgreSQL URL that are Authflow's to read, with the names that Prisma gave them. */
export interface PostgresParameters {
  /** The schema with Authflow's tables; undefined: the one that the session's search_path finds. */
  schema: string | undefined;
  /** The largest number of connections in the pool. */
  connectionLimit: number | undefined;
}

export function postgresParameters(url: string): PostgresParameters {
  const parameters = parametersOf(url);
  const limit = parameters.get("connection_limit");
  return { schema: parameters.get("schema") ?? undefined, connectionLimit: limit === null ? undefined : Number(limit) };
}

const parametersOf = (url: string): URLSearchParams => new URLSearchParams(/\?([^#]*)/.exec(url)?.[1]);

const ESCAPE = "write special characters of user and password as % and two digits (@ as %40, / as %2F, # as %23)";

/**
 * What is wrong with the URL of a PostgreSQL database. The messages repeat no part of it: where a password holds an
 * unescaped `@` or `/`, a part of the password looks like a host or a database.
 */
export function databaseUrlFaults(url: string): string[] {
  const [, authority = "", rest = ""] = /^postgres(?:ql)?:\/\/([^/?#]*)((?:[/?#].*)?)$/s.exec(url) ?? [];
  if (!isPostgres(url)) return sqliteFaults(url);
  if (rest.includes("@")) return [`DATABASE_URL has an @ after its host: ${ESCAPE}`];
  const parameters = parametersOf(url);
  const hosts = [authority.slice(authority.lastIndexOf("@") + 1), parameters.get("host"), parameters.get("port")];
  if (hosts.some((host) => host?.includes(",") === true)) {
    return ["DATABASE_URL must name one host: several hosts are not supported. " +
      "Name a proxy or an address that follows the primary"];
  }
  // As pg reads it: a URL without a host names a Unix socket by the parameter `host`.
  const isReadable = URL.canParse(url.replace("@/", "@localhost/")) && !/%(?![0-9A-Fa-f]{2})/.test(url);
  if (!isReadable) return [`DATABASE_URL can't be read as a URL: ${ESCAPE}`];
  const faults: string[] = [];
  if (parameters.has("target_session_attrs")) {
    faults.push("DATABASE_URL must not have target_session_attrs, which is not supported: name the primary. " +
      "While that one is read-only, GET /health/ready answers 503");
  }
  if (!/^([1-9]\d{0,3})?$/.test(parameters.get("connection_limit") ?? "")) {
    faults.push("DATABASE_URL has a connection_limit that is no number from 1 to 9999");
  }
  faults.push(...tlsFaults(parameters));
  if (parameters.get("schema") === "") faults.push("DATABASE_URL has a parameter schema without a name");
  // Prisma would not escape it.
  if (parameters.get("schema")?.includes('"')) {
    faults.push('DATABASE_URL has a schema with a quotation mark ("): give the schema another name');
  }
  return faults;
}

const SSL_MODES = ["disable", "prefer", "require", "verify-ca", "verify-full", "no-verify"];

function tlsFaults(parameters: URLSearchParams): string[] {
  const faults: string[] = [];
  if (!SSL_MODES.includes(parameters.get("sslmode") ?? "disable"))
    faults.push(`DATABASE_URL has an sslmode that is none of ${SSL_MODES.join(", ")}`);
  for (const name of ["sslrootcert", "sslcert", "sslkey"]) {
    try {
      if (parameters.has(name)) accessSync(parameters.get(name) ?? "", constants.R_OK);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      faults.push(`DATABASE_URL has an ${name} that names a file which can't be read (${code}): check the path`);
    }
  }
  return faults;
}

function sqliteFaults(url: string): string[] {
  const path = sqlitePath(url);
  if (path.includes(":memory:")) return ["DATABASE_URL must name a file: a database in memory ends with the process"];
  if (path.includes("?")) return ["DATABASE_URL must not have parameters after the file's path"];
  return [];
}
