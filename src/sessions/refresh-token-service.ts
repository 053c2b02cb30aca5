import { randomUUID } from "node:crypto";
import type { Client } from "../clients/client.js";
import { introspectionOf, requirePermission } from "../clients/permissions.js";
import type { ClientRegistry } from "../clients/registry.js";
import { type SelfRegistered, usableScopes } from "../clients/scope-policy.js";
import { invalidGrant } from "../shared/errors.js";
import type { AccessTokenClaims, MintRequest } from "../tokens/claims.js";
import { issuedAtMs } from "../tokens/issued-at.js";
import type { TokenIssuer, TokenResponse } from "../tokens/issuer.js";
import type { RequestedPart } from "./granted-part.js";
import { openAnswer, sealAnswer } from "./refresh-answer.js";
import { claimsOfRefresh, requireRefresh } from "./refresh-claims.js";
import type { RefreshTokenFamily } from "./refresh-token.js";
import type { RefreshTokenFamilies } from "./refresh-token-families.js";
import {
  isRefreshToken, newRefreshToken, parseRefreshToken, type PresentedRefreshToken,
} from "./refresh-token-text.js";

const UNKNOWN = "refresh_token is unknown, has expired or was ended: start the login again";
const REUSED = "refresh_token was used before, so all tokens of this login are now revoked: start the login again";

interface Dependencies {
  families: RefreshTokenFamilies;
  clients: Pick<ClientRegistry, "lookUp">;
  tokens: TokenIssuer;
  selfRegistered: SelfRegistered;
  /** Called when a family ends because one of its tokens was used again. */
  reused: (family: RefreshTokenFamily) => void;
}

/** What introspection says about a refresh token. It has no token_type, which is for access tokens (RFC 7662 §2.2). */
export interface RefreshTokenState extends Pick<AccessTokenClaims, "sub" | "scope" | "iat" | "exp"> {
  client_id: string;
  sid: string;
}

/** Refresh tokens: opaque, rotated at each use, bound to a client and a session (RFC 6749 §6, RFC 9700 §4.14). */
export class RefreshTokenService {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** Whether a text has the form of a refresh token; any other may be an access token. */
  recognises(text: string): boolean {
    return isRefreshToken(text);
  }

  /** Mints a token, as POST /mint does, and starts a login that lasts. Its `sid` is the platform's, or a new one. */
  async mint(client: Client, request: MintRequest): Promise<TokenResponse> {
    requireRefresh(client);
    const { families, tokens } = this.#dependencies;
    const sid = request.sid ?? randomUUID();
    const claims = await tokens.claimsOfMint(client, request, sid);
    const response = await tokens.sign(claims, client);
    const login = { sub: claims.sub, sid, createdAt: issuedAtMs(claims) };
    return { ...response, refresh_token: await families.start(client, { kind: "mint", request }, login) };
  }

  /**
   * New tokens for a refresh token, once. Within a short time the same answer again. Rejects with invalid_grant if the
   * token is none of this client's, has expired or was ended. If it was used before, its family and the family's access
   * tokens are revoked. Rejects with invalid_scope or invalid_target if the request asks for more than was granted.
   */
  async exchange(client: Client, token: string, asked: RequestedPart): Promise<TokenResponse> {
    const presented = parseRefreshToken(token);
    const family = presented && await this.#find(client, presented);
    if (presented === undefined || family === undefined) throw invalidGrant(UNKNOWN);
    if (family.tokenHash !== presented.hash) return this.#repeat(client, family, presented, asked);
    const next = newRefreshToken(family.id);
    // Signed before the token is exchanged: if signing fails, the client can try again.
    const response = { ...await this.#issue(client, family, asked), refresh_token: next.text };
    const answer = sealAnswer(presented, { asked, response });
    if (await this.#dependencies.families.rotate(client, family, { tokenHash: next.hash, answer })) return response;
    const current = await this.#find(client, presented);
    if (current === undefined) throw invalidGrant(UNKNOWN);
    return this.#repeat(client, current, presented, asked);
  }

  /** Ends the family of a refresh token, with its access tokens (RFC 7009 §2.1); nothing if it is not this client's. */
  async revoke(client: Client, token: string, admit: () => Promise<void>): Promise<void> {
    const presented = parseRefreshToken(token);
    const family = presented && await this.#find(client, presented);
    if (family === undefined) return;
    await admit();
    await this.#dependencies.families.end(family);
  }

  /** Null for a token that is not good, and for one that is none of the client's business; as LiveTokens.introspect. */
  async introspect(client: Client, token: string): Promise<RefreshTokenState | null> {
    requirePermission(client, "introspect");
    const { families, clients } = this.#dependencies;
    const presented = parseRefreshToken(token);
    const family = presented && await families.find(presented.id);
    if (presented === undefined || !family || family.tokenHash !== presented.hash) return null;
    const { clientId, sub, sid, grant, createdAt } = family;
    if (introspectionOf(client, { client_id: clientId }) === undefined) return null;
    const owner = await clients.lookUp(clientId);
    if (owner === null || owner.disabled || !owner.grantTypes.includes("refresh_token")) return null;
    const end = families.endOf(owner, family);
    if (end === undefined || await families.wasEnded(family)) return null;
    const usable = usableScopes(owner, this.#dependencies);
    const scope = grant.kind === "mint" ? grant.request.scope
      : grant.authorized.scopes.filter((one) => usable.includes(one)).join(" ");
    return {
      client_id: clientId, sub, sid, ...(scope !== undefined && scope !== "" && { scope }),
      iat: Math.floor(createdAt / 1000), exp: Math.floor(end / 1000),
    };
  }

  /** The family of a token that this client was issued, if it has not expired. */
  async #find(client: Client, { id }: PresentedRefreshToken): Promise<RefreshTokenFamily | undefined> {
    const { families } = this.#dependencies;
    const family = await families.find(id);
    // Of another client's token: the family lives on, or whoever sees a token could end its login (RFC 6749 §5.2).
    if (family === null || family.clientId !== client.id) return undefined;
    return families.endOf(client, family) === undefined ? undefined : family;
  }

  async #issue(client: Client, family: RefreshTokenFamily, asked: RequestedPart): Promise<TokenResponse> {
    const { families, tokens } = this.#dependencies;
    const { grant } = family;
    const claims = await claimsOfRefresh(this.#dependencies, client, family, asked);
    // After the token's time of issue is chosen: a later cut-off covers the token.
    await families.refuseAfterCutoff(family);
    return grant.kind === "mint" ? tokens.sign(claims, client)
      : tokens.signAuthorized(client, grant.authorized, claims, { isFirst: false });
  }

  /** A token that is not the good one any more: a repeated request, or a token that somebody else has. */
  async #repeat(
    client: Client,
    family: RefreshTokenFamily,
    presented: PresentedRefreshToken,
    asked: RequestedPart,
  ): Promise<TokenResponse> {
    const sealed = await this.#dependencies.families.answerTo(family, presented.hash);
    if (sealed === undefined) return this.#refuseReuse(family);
    const answer = openAnswer(presented, sealed, asked);
    if (answer.isSame) return answer.response;
    // Such as one page that asks for two audiences at once: it gets both, and one refresh token.
    const { refresh_token = "" } = answer.response;
    return { ...await this.#issue(client, family, asked), refresh_token };
  }

  /** RFC 9700 §4.14.2: nobody knows which of the two is the thief. */
  async #refuseReuse(family: RefreshTokenFamily): Promise<never> {
    const { families, reused } = this.#dependencies;
    reused(family);
    await families.end(family);
    throw invalidGrant(REUSED);
  }
}
