/** Names of members and places in lists that lead to a value: `emails[0]` is ["emails", 0]. */
type Path = (string | number)[];
/** Alternatives, of which the first with a value counts. The texts at several paths are joined by spaces. */
export type ClaimSource = Path[][];
/** By the name that a claim has in Authflow. */
export type ClaimMap = Readonly<Record<string, ClaimSource>>;
type Claims = Record<string, unknown>;

/** A name may hold dots and slashes, as those that are URLs do: a whole name is looked for before its parts. */
const PATH = /^[\w:./-]+(\[\d{1,3}\])*$/;
const NAME = /^(?!(?:constructor|prototype)$)[A-Za-z][\w:./-]{0,127}$/;

/**
 * Parses `email=upn, name=given_name+family_name|nickname, hd`: a name alone stands for itself. Throws Error whose
 * message completes the sentence "The setting …".
 */
export function parseClaimMap(value: string): ClaimMap {
  const entries = value.split(",").map((part) => part.trim()).filter((part) => part !== "").map((part) => {
    const [name = "", source = name] = part.split(/=(.*)/s).map((side) => side.trim());
    if (!NAME.test(name)) throw new Error(`can't name a claim "${name}": a name has letters, digits and _ : . / -`);
    return [name, parseSource(source, part)] as const;
  });
  const names = entries.map(([name]) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`must name ${twice} once: alternatives have | between them`);
  return Object.fromEntries(entries);
}

function parseSource(source: string, part: string): ClaimSource {
  return source.split("|").map((alternative) => alternative.split("+").map((text) => {
    const path = text.trim();
    if (!PATH.test(path))
      throw new Error(`must be claims such as email=upn or name=given_name+family_name, not "${part}"`);
    return path.split(/[[\]]+/).filter((step) => step !== "")
      .map((step, index) => (index > 0 && /^\d+$/.test(step) ? Number(step) : step));
  }));
}

/** The value that a source finds in the claims of one document; undefined if none. */
export function claimFrom(claims: Claims, source: ClaimSource): unknown {
  for (const paths of source) {
    const values = paths.map((path) => valueAt(claims, path)).filter((value) => value !== undefined && value !== "");
    if (values.length > 0) return paths.length === 1 ? values[0] : values.join(" ");
  }
  return undefined;
}

function valueAt(claims: Claims, [name, ...rest]: Path): unknown {
  const whole = member(claims, name as string);
  const begin = whole === undefined ? (name as string).split(".").reduce<unknown>(member, claims) : whole;
  return rest.reduce<unknown>(member, begin);
}

const member = (value: unknown, name: string | number): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string | number, unknown>)[name] : undefined;
