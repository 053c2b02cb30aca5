import { subjectFrom, text } from "./claims.js";
import { oauthProvider } from "./oauth.js";

const API = "https://api.github.com";

export const github = oauthProvider({
  label: "GitHub",
  preset: "GITHUB_CONFIGURATION",
  scope: "read:user user:email",
  authentication: "client_secret_post",
  identify: async ({ get, getList }) => {
    const [user, emails] = await Promise.all([get(`${API}/user`), getList(`${API}/user/emails`)]);
    // The profile shows the address that its owner chose; only the list says which address is verified.
    const primary = emails.find((email) => email.primary === true);
    return {
      subject: subjectFrom(user.id),
      email: text(primary?.email),
      emailVerified: primary?.verified === true,
      name: text(user.name) ?? text(user.login),
      picture: text(user.avatar_url),
    };
  },
});
