/** The URL of an authorization request (RFC 6749 §4.1.1). Members that are undefined are left out. */
export function authorizationUrl(endpoint: string, parameters: Record<string, string | undefined>): string {
  const url = new URL(endpoint);
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
  // Only then, because a change writes all of the query anew: a%20b would become a+b.
  for (const [name] of given) if (url.searchParams.has(name)) url.searchParams.delete(name);
  // %20, because some providers do not read + as a space.
  const added = new URLSearchParams(given).toString().replaceAll("+", "%20");
  url.search = [url.search.slice(1), added].filter((part) => part !== "").join("&");
  return url.href;
}
