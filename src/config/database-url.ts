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
  const [, authority = "", rest = ""] = /^postgres(?:ql)?:\/\/([^/?#]*)(.*)$/s.exec(url) ?? [];
  if (!isPostgres(url)) return [];
  if (rest.includes("@")) return [`DATABASE_URL has an @ after its host: ${ESCAPE}`];
  const parameters = parametersOf(url);
  const hosts = [authority.slice(authority.lastIndexOf("@") + 1), parameters.get("host"), parameters.get("port")];
  if (hosts.some((host) => host?.includes(",") === true)) {
    return ["DATABASE_URL must name one host: several hosts are not supported. " +
      "Name a proxy or an address that follows the primary"];
  }
  // As pg reads it: a URL without a host names a Unix socket by the parameter `host`.
  if (!URL.canParse(url.replace("@/", "@localhost/"))) return [`DATABASE_URL can't be read as a URL: ${ESCAPE}`];
  const faults: string[] = [];
  if (parameters.has("target_session_attrs")) {
    faults.push("DATABASE_URL must not have target_session_attrs, which is not supported: name the primary. " +
      "While that one is read-only, GET /health/ready answers 503");
  }
  if (!/^([1-9]\d{0,3})?$/.test(parameters.get("connection_limit") ?? "")) {
    faults.push("DATABASE_URL has a connection_limit that is no number from 1 to 9999");
  }
  if (parameters.get("schema") === "") faults.push("DATABASE_URL has a parameter schema without a name");
  return faults;
}
