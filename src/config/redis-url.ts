export interface RedisAddress { host: string; port: number }

/** What REDIS_URL says. */
export interface RedisTarget {
  /** Whether the connections are encrypted (rediss), those to Sentinels too. */
  tls: boolean;
  /** The server; with `sentinel`, the Sentinels. */
  addresses: RedisAddress[];
  username: string | undefined;
  password: string | undefined;
  database: number;
  /** Undefined: the address is the server's own. */
  sentinel: { master: string; username: string | undefined; password: string | undefined } | undefined;
  /** 4 or 6: connects by IPv4 or IPv6 only. 0: by either. */
  family: number;
  /** Precedes every key. */
  keyPrefix: string;
}

export const REDIS_URL_FORMS =
  "redis://user:password@host:6379/0, rediss://… with TLS, or redis+sentinel://user:password@host:26379,host:26379/" +
  "primary-name/0";

const ESCAPE = "write / ? # and % in a password as %2F %3F %23 %25";
const FORM = /^redis(s?)(\+sentinel)?:\/\/([^/?#]*)((?:[/?][^#]*)?)$/;
const PARAMETERS = ["db", "family", "keyPrefix"];
const SENTINEL_PARAMETERS = ["sentinel_username", "sentinel_password"];

/** Throws an error whose message completes "REDIS_URL …" and repeats nothing of the URL but names of parameters. */
export function parseRedisUrl(url: string): RedisTarget {
  const [form, secure, viaSentinel, authority = "", rest = ""] = FORM.exec(url) ?? [];
  if (form === undefined) throw new Error(`must be ${REDIS_URL_FORMS}`);
  if (rest.includes("@")) throw new Error(`must be ${REDIS_URL_FORMS}; ${ESCAPE}`); // the password was cut
  const at = authority.lastIndexOf("@");
  const [credentials, hosts] = [authority.slice(0, at + 1), authority.slice(at + 1).split(",")];
  if (hosts.length > 1 && !viaSentinel) throw new Error("must name one host, or Sentinels by redis+sentinel://");
  const [first, ...others] = hosts.map((host) => parsed(`redis://${credentials}${host}${rest}`)) as [URL, ...URL[]];
  const parameters = readParameters(first, viaSentinel ? [...PARAMETERS, ...SENTINEL_PARAMETERS] : PARAMETERS);
  const path = first.pathname.split("/").slice(1);
  const master = viaSentinel ? decoded(path.shift()) : undefined;
  if (viaSentinel && master === undefined) throw new Error("must name the primary after the Sentinels: /primary-name");
  const [database = parameters.db ?? "0", ...surplus] = path.filter((part) => part !== "");
  if (!/^\d{1,9}$/.test(database) || surplus.length > 0) {
    throw new Error("must end with the number of a database, such as /0");
  }
  const { family = "0", keyPrefix = "" } = parameters;
  if (!/^[046]$/.test(family)) throw new Error("must have family=4 or family=6");
  return {
    tls: secure === "s",
    addresses: [first, ...others].map(({ hostname, port }) => ({
      host: hostname.replace(/^\[|\]$/g, "") || "localhost",
      port: port === "" ? (viaSentinel ? 26379 : 6379) : Number(port),
    })),
    username: decoded(first.username),
    password: decoded(first.password),
    database: Number(database),
    sentinel: master === undefined ? undefined
      : { master, username: parameters.sentinel_username, password: parameters.sentinel_password },
    family: Number(family),
    keyPrefix,
  };
}

function readParameters({ searchParams }: URL, names: readonly string[]): Record<string, string | undefined> {
  for (const name of searchParams.keys()) {
    if (!names.includes(name)) throw new Error(`has an unknown parameter ${name}: use ${names.join(", ")}`);
  }
  return Object.fromEntries(searchParams);
}

function parsed(url: string): URL {
  if (!URL.canParse(url)) throw new Error(`must be ${REDIS_URL_FORMS}; ${ESCAPE}`);
  return new URL(url);
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined || text === "" ? undefined : decodeURIComponent(text);
  } catch {
    throw new Error("has a % that begins no code: write it as %25");
  }
}
