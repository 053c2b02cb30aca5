/** Posts JSON and gives the JSON that comes back, whatever its status. */
export async function post(url: string, body: object, token?: string): Promise<Record<string, string>> {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  return await response.json() as Record<string, string>;
}
