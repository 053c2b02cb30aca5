import type { Name } from "../revocation/entry.js";
import type { RefreshTokenStore } from "./refresh-token.js";
import type { SessionStore } from "./session.js";

interface Stores { refreshTokens: Pick<RefreshTokenStore, "endNamed">; sessions: Pick<SessionStore, "end"> }

/** Ends what would give new tokens after a cut-off: the name's sessions and refresh tokens from before an instant. */
export const endLastingLogins = ({ refreshTokens, sessions }: Stores) =>
  async ({ scope, value }: Name, before: number): Promise<void> => {
    // A session is no single client's.
    if (scope === "sub") await sessions.end({ sub: value, before });
    if (scope === "sid") await sessions.end({ sid: value, before });
    await refreshTokens.endNamed({ scope, value }, before);
  };
