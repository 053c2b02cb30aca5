import { randomUUID } from "node:crypto";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import rateLimit from "@fastify/rate-limit";
import Fastify, { type FastifyInstance, LogController } from "fastify";
import background from "../plugins/background/background.js";
import bearer from "../plugins/guards/bearer.js";
import bodyParsing from "../plugins/http/body-parsing.js";
import clientAuthentication from "../plugins/guards/client-authentication.js";
import clientAssertions from "../plugins/services/client-assertions.js";
import clientLimits from "../plugins/guards/client-limits.js";
import clients from "../plugins/services/clients.js";
import clockPlugin, { type ClockOptions } from "../plugins/services/clock.js";
import closing from "../plugins/http/closing.js";
import { preflights, readableByPages } from "../plugins/http/cors.js";
import database, { type DatabaseOptions } from "../plugins/services/database.js";
import errors, { answerError } from "../plugins/http/errors.js";
import eventStream from "../plugins/http/event-stream.js";
import forwardedAddress from "../plugins/http/forwarded-address.js";
import forms from "../plugins/http/forms.js";
import keys from "../plugins/services/keys.js";
import { logOutput } from "../plugins/http/log-output.js";
import loginChallenges from "../plugins/services/login-challenges.js";
import loginAnswers from "../plugins/http/login-answers.js";
import loginPages from "../plugins/http/login-pages.js";
import logins from "../plugins/services/logins.js";
import metadata from "../plugins/services/metadata.js";
import notFound, { MAX_PARAMETER_LENGTH } from "../plugins/http/not-found.js";
import openapi from "../plugins/http/openapi.js";
import operator from "../plugins/guards/operator.js";
import strangerLimit from "../plugins/guards/stranger-limit.js";
import pages from "../plugins/http/pages.js";
import parameters from "../plugins/http/parameters.js";
import permission from "../plugins/guards/permission.js";
import providers from "../plugins/services/providers.js";
import published from "../plugins/http/published.js";
import rawAnswers, { answerUnreadable } from "../plugins/http/raw-answers.js";
import registrationBody from "../plugins/http/registration-body.js";
import readiness from "../plugins/services/readiness.js";
import redis from "../plugins/services/redis.js";
import requestLog from "../plugins/http/request-log.js";
import revocationLog from "../plugins/services/revocation-log.js";
import revocation from "../plugins/services/revocation.js";
import { schemaController } from "../plugins/http/schema-compilers.js";
import securityHeaders from "../plugins/http/security-headers.js";
import statusListPlugin from "../plugins/services/status-lists.js";
import tokens from "../plugins/services/tokens.js";
import adminClients from "../routes/operator/clients.js";
import adminKeys from "../routes/operator/keys.js";
import auth from "../routes/login/auth.js";
import authorizationPlugin from "../plugins/services/authorization.js";
import authorize from "../routes/login/authorize.js";
import authorizePost from "../routes/login/authorize-post.js";
import authFormPost from "../routes/login/auth-form-post.js";
import challenges from "../routes/login/challenges.js";
import clientRoutes from "../routes/operator/registration.js";
import consents from "../routes/login/consents.js";
import documentation from "../routes/documentation.js";
import health from "../routes/health.js";
import introspect from "../routes/tokens/introspect.js";
import jwks from "../routes/discovery/jwks.js";
import logout from "../routes/tokens/logout.js";
import metadataRoutes from "../routes/discovery/metadata.js";
import mint from "../routes/tokens/mint.js";
import par from "../routes/tokens/par.js";
import sessions from "../plugins/services/sessions.js";
import revocationFeed from "../routes/revocations/feed.js";
import revocations from "../routes/revocations/revocations.js";
import revoke from "../routes/tokens/revoke.js";
import root from "../routes/root.js";
import { SHARED_SCHEMAS } from "../routes/schemas/index.js";
import { tokenForm } from "../routes/schemas/tokens/token.js";
import statusLists from "../routes/discovery/status-lists.js";
import token from "../routes/tokens/token.js";
import userinfo from "../routes/tokens/userinfo.js";
import type { Config } from "./config/config.js";
import { tooManyRequests } from "./shared/errors.js";
import { loggable } from "./shared/loggable-error.js";
import { type Timing, TIMING } from "./shared/timing.js";

declare module "fastify" {
  interface FastifyInstance {
    config: Config;
    timing: Timing;
  }
}

export interface Overrides extends ClockOptions, DatabaseOptions {
  /** Where log lines go instead of standard output. */
  logStream?: { write(line: string): void };
  /** A Unix socket that receives all requests to identity providers, for tests without internet access. */
  upstreamSocket?: string;
  timing?: Partial<Timing>;
}

/** Responses do not reveal how close a caller is to a rate limit. */
const HIDDEN_RATE_LIMIT_HEADERS = {
  "x-ratelimit-limit": false, "x-ratelimit-remaining": false, "x-ratelimit-reset": false,
};
const BODY_LIMIT = 32 * 1024;

/**
 * Builds the whole service, without listening. Production, tests, the CLI and the OpenAPI document all use it. If it
 * rejects, it has closed what it opened.
 */
export async function buildApp(config: Config, overrides: Overrides = {}): Promise<FastifyInstance> {
  const app = newApp(config, overrides);
  try {
    await registerAll(app, config, overrides);
    return app;
  } catch (error) {
    await app.close().catch(() => undefined); // why it failed is what matters
    throw error;
  }
}

function newApp(config: Config, { logStream, timing: overrides }: Overrides): FastifyInstance {
  const timing: Timing = { ...TIMING, ...overrides };
  const app = Fastify({
    logger: { level: config.logLevel, serializers: { err: loggable }, stream: logStream ?? logOutput() },
    // plugins/http/request-log.ts writes one line instead of two.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    trustProxy: config.trustProxy,
    bodyLimit: BODY_LIMIT,
    requestTimeout: timing.requestTimeout,
    http: {
      requireHostHeader: false, // plugins/http/raw-answers.ts requires it
      // If the headers' limit is the longer one, as by default, Node exchanges the two.
      requestTimeout: timing.requestTimeout, headersTimeout: timing.requestTimeout,
      connectionsCheckingInterval: Math.min(1000, timing.requestTimeout), // by default 30 s: late requests stay so long
    },
    keepAliveTimeout: config.keepAlive * 1000,
    pluginTimeout: 0, // none: each plugin limits its own waits, and a migration may take as long as it needs
    forceCloseConnections: "idle",
    return503OnClosing: false, // requests during the shutdown are answered, with Connection: close
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    clientErrorHandler: (error, socket) => { answerUnreadable(error, socket, app.securityHeaders); },
    schemaController,
    frameworkErrors: (error, request, reply) => {
      answerError(error, request, reply.headers(app.securityHeaders));
      app.logRequest(request, reply);
    },
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.decorate("config", config);
  app.decorate("timing", timing);
  return app;
}

async function registerAll(
  app: FastifyInstance,
  config: Config,
  { clock, systemClock, migrates, upstreamSocket }: Overrides,
): Promise<void> {
  for (const schema of SHARED_SCHEMAS) app.addSchema(schema);

  await app.register(securityHeaders); // before all that may refuse a request
  await app.register(forwardedAddress); // before all that asks for an address
  await app.register(requestLog); // before the routes: each uses the logger factory of the moment it is registered
  await app.register(pages);
  await app.register(errors);
  await app.register(notFound);
  await app.register(bodyParsing);
  await app.register(rawAnswers);
  await app.register(published);
  await app.register(openapi);
  await app.register(clockPlugin, { clock, systemClock });
  await app.register(database, { migrates });
  await app.register(redis);
  await app.register(keys);
  await app.register(clients);
  await app.register(clientAssertions, { upstreamSocket });
  await app.register(revocationLog);
  await app.register(statusListPlugin);
  await app.register(tokens);
  await app.register(revocation);
  await app.register(loginChallenges);
  await app.register(providers, { upstreamSocket });
  await app.register(sessions);
  await app.register(logins);
  await app.register(loginPages);
  await app.register(authorizationPlugin);
  await app.register(metadata);
  app.addSchema(tokenForm(app.grants));
  await app.register(operator);
  await app.register(readiness);
  await app.register(bearer);
  await app.register(eventStream);
  await app.register(background);
  await app.register(closing);

  const limits = {
    global: true,
    timeWindow: 60_000,
    addHeadersOnExceeding: HIDDEN_RATE_LIMIT_HEADERS,
    addHeaders: HIDDEN_RATE_LIMIT_HEADERS, // a 429 still has Retry-After
    errorResponseBuilder: (_request: unknown, { ttl }: { ttl: number }) => tooManyRequests(Math.ceil(ttl / 1000)),
  };
  await app.register(async (tokenEndpoints) => {
    // Counted in memory, so that /mint does not wait for Redis.
    await tokenEndpoints.register(rateLimit, { ...limits, max: config.rateLimits.ip });
    await tokenEndpoints.register(clientLimits);
    await tokenEndpoints.register(clientAuthentication);
    await tokenEndpoints.register(permission);
    await tokenEndpoints.register(preflights);
    // The order of the routes is their order in the documentation.
    await tokenEndpoints.register(mint);
    await tokenEndpoints.register(async (browserEndpoints) => {
      await browserEndpoints.register(readableByPages);
      await browserEndpoints.register(async (oauthEndpoints) => {
        await oauthEndpoints.register(forms);
        await oauthEndpoints.register(parameters);
        await oauthEndpoints.register(userinfo);
        await oauthEndpoints.register(token);
        await oauthEndpoints.register(par);
        await oauthEndpoints.register(revoke);
      });
      await browserEndpoints.register(logout);
      await browserEndpoints.register(consents);
    });
    await tokenEndpoints.register(async (formEndpoints) => {
      await formEndpoints.register(forms);
      await formEndpoints.register(introspect);
    });
    await tokenEndpoints.register(challenges);
    await tokenEndpoints.register(revocations);
    await tokenEndpoints.register(revocationFeed);
  });
  await app.register(async (loginEndpoints) => {
    await loginEndpoints.register(rateLimit, { ...limits, max: config.rateLimits.login });
    await loginEndpoints.register(parameters);
    await loginEndpoints.register(loginAnswers);
    await loginEndpoints.register(auth);
    await loginEndpoints.register(authorize);
    await loginEndpoints.register(async (formEndpoints) => {
      await formEndpoints.register(forms);
      await formEndpoints.register(authFormPost);
      await formEndpoints.register(authorizePost);
    });
  });
  await app.register(async (registration) => {
    await registration.register(rateLimit, {
      ...limits,
      max: config.rateLimits.registration,
      nameSpace: `authflow:${app.installation.id}:limit:`,
      ...(config.redisUrl !== undefined && { redis: app.redis, skipOnError: true }),
    });
    await registration.register(registrationBody);
    await registration.register(async (browserEndpoints) => {
      await browserEndpoints.register(readableByPages);
      await browserEndpoints.register(strangerLimit);
      await browserEndpoints.register(clientRoutes);
    });
    await registration.register(adminClients);
    await registration.register(adminKeys);
  });
  await app.register(async (limited) => {
    await limited.register(rateLimit, { ...limits, max: Math.min(config.rateLimits.documents, config.rateLimits.ip) });
    await limited.register(statusLists);
    if (config.docs) await limited.register(documentation);
  });
  await app.register(jwks);
  await app.register(metadataRoutes);
  await app.register(health);
  await app.register(root);
}
