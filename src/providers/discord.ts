import { subjectFrom, text } from "./claims.js";
import { oauthProvider } from "./oauth.js";

export const discord = oauthProvider({
  label: "Discord",
  preset: "DISCORD_CONFIGURATION",
  scope: "identify email",
  authentication: "client_secret_basic",
  identify: async ({ get }) => {
    const user = await get("https://discord.com/api/users/@me");
    const subject = subjectFrom(user.id);
    const avatar = text(user.avatar);
    return {
      subject,
      email: text(user.email),
      emailVerified: user.verified === true,
      name: text(user.global_name) ?? text(user.username),
      picture: avatar && `https://cdn.discordapp.com/avatars/${subject}/${avatar}.png`,
    };
  },
});
