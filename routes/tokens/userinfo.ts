import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { VerifiedToken } from "../../src/tokens/verifier.js";
import { errors, ref, type Security } from "../schemas/common.js";
import { UserInfo } from "../schemas/tokens/userinfo.js";

const schema = {
  operationId: "userinfo",
  tags: ["tokens"],
  summary: "Get the claims of a valid token",
  description: "OpenID Connect Core §5.3. A live check: 401 if the token is revoked or expired, or was not issued by " +
    "Authflow.",
  security: [{ accessToken: [] }] as Security,
  response: { 200: { ...ref(UserInfo), description: "The token is valid" }, ...errors(400, 401, 429, 503) },
};

const userinfo: FastifyPluginAsyncTypebox = async (app) => {
  app.get("/userinfo", { schema, preParsing: app.liveBearer }, async ({ accessToken }) =>
    (accessToken as VerifiedToken).claims);
};
export default userinfo;
