import { createHmac } from "node:crypto";
import { subjectFrom, text } from "./claims.js";
import { oauthProvider } from "./oauth.js";

export const facebook = oauthProvider({
  label: "Facebook",
  preset: "FACEBOOK_CONFIGURATION",
  scope: "public_profile email",
  authentication: "body",
  identify: async ({ get, accessToken, settings: { clientSecret } }) => {
    // Shows that the token is used by the application it was given to ("Securing Graph API requests").
    const proof = createHmac("sha256", clientSecret).update(accessToken).digest("hex");
    const fields = "id,name,email,picture.type(large)";
    const user = await get(`https://graph.facebook.com/me?fields=${fields}&appsecret_proof=${proof}`);
    const picture = user.picture as { data?: { url?: unknown } } | undefined;
    return {
      subject: subjectFrom(user.id),
      email: text(user.email),
      emailVerified: false, // Facebook does not say
      name: text(user.name),
      picture: text(picture?.data?.url),
    };
  },
});
