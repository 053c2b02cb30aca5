import { Type } from "@sinclair/typebox";
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { FastifyRequest } from "fastify";
import type { VerifiedToken } from "../../src/tokens/verifier.js";
import { errors, ref, type Security } from "../schemas/common.js";
import { UserInfo, UserInfoForm } from "../schemas/tokens/userinfo.js";

const common = { tags: ["tokens"], security: [{ accessToken: [] }] as Security };
const claims = { ...ref(UserInfo), description: "The token is valid" };
const get = {
  ...common,
  operationId: "userinfo",
  summary: "Get the claims of a valid token",
  description: "OpenID Connect Core §5.3. A live check: 401 if the token is revoked or expired, or was not issued by " +
    "Authflow. A token of the standard endpoints gets the user's claims, and needs the scope `openid`; a token of " +
    "/mint or /auth gets all its claims.",
  response: { 200: claims, ...errors(400, 401, 403, 429, 503) },
};
const post = {
  ...common,
  operationId: "userinfoByPost",
  summary: "The same by POST",
  description: "OpenID Connect Core §5.3.1. The token is in the header Authorization or, as RFC 6750 §2.2 allows, in " +
    "the form. Never send it in a URL, which logs and histories keep.",
  consumes: ["application/x-www-form-urlencoded"],
  body: Type.Optional(Type.Union([UserInfoForm, Type.Null()])),
  response: { 200: claims, ...errors(400, 401, 403, 413, 415, 429, 503) },
};

const userinfo: FastifyPluginAsyncTypebox = async (app) => {
  const answer = ({ accessToken }: FastifyRequest) => app.userinfo((accessToken as VerifiedToken).claims);
  app.get("/userinfo", { schema: get, preParsing: app.liveBearer }, async (request) => answer(request));

  app.post("/userinfo", { schema: post, config: { form: true }, preHandler: app.liveBearer },
    async (request) => answer(request));
};
export default userinfo;
