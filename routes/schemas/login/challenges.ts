import { Type } from "@sinclair/typebox";
import { OneOf, Timestamp } from "../common.js";
import { MintBody } from "../tokens/mint.js";

export const ChallengePath = Type.Object({
  challenge: Type.String({ description: "The value of `login_challenge` in the login page's URL" }),
});

const text = (description: string) => Type.Optional(Type.String({ description }));

export const LoginRequest = Type.Object({
  client: Type.Object({
    client_id: Type.String(),
    client_name: Type.String({ description: "Escape it in your page" }),
    logo_uri: Type.Optional(Type.String()),
    first_party: Type.Boolean({ description: "False if nobody whom the operator trusts registered the application" }),
  }),
  provider: Type.String({ description: "`local`" }),
  scope: Type.String({ description: "What the application asks for, with spaces between; may be empty" }),
  resource: Type.Array(Type.String(), { description: "The services for which it asks (RFC 8707)" }),
  prompt: text("`none`: show no page; `login`: ask the user to log in again; also `consent` and `select_account`"),
  max_age: Type.Optional(Type.Integer({ description: "Seconds: the user must have logged in at most so long ago" })),
  login_hint: text("The address or name of the user who is expected"),
  ui_locales: text("The user's languages, such as `fr-CH fr`"),
  acr_values: text("How the user should be authenticated"),
  min_auth_time: Type.Optional(Type.Integer({
    description: "Follows from `prompt` and `max_age`: the user must have logged in at this time or later, in " +
      "seconds since 1970",
  })),
  created_at: Timestamp("When the login began"),
  expires_at: Timestamp("Until when it can be answered"),
}, {
  $id: "LoginRequest",
  examples: [{
    client: { client_id: "019a8e5c-7f00-7c4e-9d1a-3f1c2b4a5d6e", client_name: "Grafana", first_party: true },
    provider: "local", scope: "openid profile email", resource: [], max_age: 3600, min_auth_time: 1_795_744_800,
    created_at: "2026-11-27T03:00:00.000Z", expires_at: "2026-11-27T03:10:00.000Z",
  }],
});

const { client_id, client_secret, sub, email, name, acr, amr, claims } = MintBody.properties;

export const LoginAcceptance = Type.Object({
  client_id,
  client_secret,
  sub,
  email,
  email_verified: Type.Optional(
    Type.Boolean({ description: "Whether the address belongs to the user; default false" })),
  name,
  picture: Type.Optional(Type.String({ maxLength: 2048, description: "An https URL of at most 2048 characters" })),
  acr,
  amr,
  auth_time: Type.Optional(Type.Integer({
    minimum: 0,
    description: "When the user logged in, in whole seconds since 1970. Default: now. Send it if the user was logged " +
      "in before",
    examples: [1_795_485_600],
  })),
  claims,
}, {
  $id: "LoginAcceptance",
  additionalProperties: false,
  examples: [{ sub: "alice", email: "alice@example.com", email_verified: true, name: "Alice", amr: ["pwd"] }],
});

/** src/login/acceptance.ts has what they mean. */
const ERRORS = [
  "access_denied", "login_required", "interaction_required", "account_selection_required", "consent_required",
  "unmet_authentication_requirements", "temporarily_unavailable",
] as const;

export const LoginRejection = Type.Object({
  client_id,
  client_secret,
  error: OneOf(ERRORS, `One of ${ERRORS.join(", ")}`),
  error_description: Type.Optional(
    Type.String({ minLength: 1, maxLength: 255, description: "For the application, 1 to 255 characters" })),
}, {
  $id: "LoginRejection",
  additionalProperties: false,
  examples: [{ error: "access_denied", error_description: "The user pressed Cancel" }],
});

export const Onward = Type.Object({
  redirect_to: Type.String({ description: "Send the browser there, by a redirect with status 303" }),
}, {
  $id: "LoginAnswered",
  examples: [{ redirect_to: "https://auth.example.com/auth/local/callback?code=…&state=…" }],
});

export const LoginOver = Type.Object({
  error: Type.String(),
  error_description: Type.String({ description: "For people: what is wrong, and what to do" }),
  redirect_to: Type.String({
    description: "Send the browser there: on to the application if it can go on, else to a page of Authflow on which " +
      "the person can start again",
  }),
}, {
  $id: "LoginOver",
  examples: [{
    error: "invalid_request",
    error_description: "This login has expired, at 2026-11-27T03:10:00.000Z: send the browser to redirect_to",
    redirect_to: "https://auth.example.com/auth/local/callback?state=…",
  }],
});

