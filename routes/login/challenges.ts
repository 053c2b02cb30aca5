import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { Client } from "../../src/clients/client.js";
import { errors, ref, type Security } from "../schemas/common.js";
import {
  ChallengePath, LoginAcceptance, LoginOver, LoginRejection, LoginRequest, Onward,
} from "../schemas/login/challenges.js";

const common = { tags: ["login"], security: [{ clientBasic: [] }] as Security, params: ChallengePath };
const over = (description: string) => ({ ...ref(LoginOver), description });
const gone = over("The login was answered before, or has expired");
const onward = { ...ref(Onward), description: "Where to send the browser. The address works in this browser only" };
const answers = {
  200: onward,
  409: over("The login was answered before, and differently"),
  410: over("The login has expired"),
  ...errors(400, 401, 403, 404, 413, 415, 429, 503),
};

const read = {
  ...common,
  operationId: "readLoginChallenge",
  summary: "Read what your login page is asked",
  description: "For the backend of your login page (`AUTHFLOW_LOGIN_URL`). The client needs the permission " +
    "`authenticate`.",
  response: {
    200: { ...ref(LoginRequest), description: "Who asks, and for what" },
    410: gone,
    ...errors(400, 401, 403, 404, 429, 503),
  },
};
const accept = {
  ...common,
  security: [{ clientBasic: [] }, {}] as Security,
  operationId: "acceptLogin",
  summary: "Say who logged in at your login page",
  description: "The same call again gives the same answer, so repeat it if an answer is lost. If `prompt` or " +
    "`max_age` ask for a more recent login, the error is `login_required`: ask the user to log in again.",
  body: ref(LoginAcceptance),
  response: answers,
};
const reject = {
  ...common,
  security: [{ clientBasic: [] }, {}] as Security,
  operationId: "rejectLogin",
  summary: "Say that nobody logged in at your login page",
  description: "The application gets the error.",
  body: ref(LoginRejection),
  response: answers,
};

interface Credentials { client_id?: string; client_secret?: string }
const withoutCredentials = <T extends Credentials>({ client_id: _id, client_secret: _secret, ...rest }: T) => rest;

const challenges: FastifyPluginAsyncTypebox = async (app) => {
  const preHandler = app.clientWith("authenticate");
  const { loginChallenges } = app;

  app.get("/logins/:challenge", { schema: read, preHandler, exposeHeadRoute: false }, async ({ client, params }) =>
    loginChallenges.read(client as Client, params.challenge));

  app.post("/logins/:challenge/accept", { schema: accept, preHandler }, async ({ client, params, body }) =>
    loginChallenges.accept(client as Client, params.challenge, withoutCredentials(body)));

  app.post("/logins/:challenge/reject", { schema: reject, preHandler }, async ({ client, params, body }) =>
    loginChallenges.reject(client as Client, params.challenge, withoutCredentials(body)));
};
export default challenges;
