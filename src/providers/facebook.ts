import { createHmac } from "node:crypto";
import { subjectFrom, text } from "./claims.js";
import { oauthProvider } from "./oauth.js";

export const facebook = oauthProvider({
  label: "Facebook",
  preset: "FACEBOOK_CONFIGURATION",
  scope: "public_profile email",
  authentication: "client_secret_post",
  identify: async ({ get, accessToken, settings: { clientSecret } }) => {
    // Proves that the application to which the token was issued is using it ("Secure Graph API Calls").
    const proof = createHmac("sha256", clientSecret).update(accessToken).digest("hex");
    const fields = "id,name,email,picture.type(large)";
    const user = await get(`https://graph.facebook.com/me?fields=${fields}&appsecret_proof=${proof}`);
    const picture = user.picture as { data?: { url?: unknown } } | undefined;
    return {
      subject: subjectFrom(user.id),
      email: text(user.email),
      emailVerified: false, // Facebook has no such claim
      name: text(user.name),
      picture: text(picture?.data?.url),
    };
  },
});
