import type { TSchema } from "@sinclair/typebox";
import {
  ClientList,
  ClientPatchBody,
  ClientResponse,
  Policy,
  RegisteredClient,
  RegistrationBody,
  RevokedClient,
  RotatedSecret,
  RotateSecretBody,
} from "./operator/clients.js";
import { ConsentList } from "./login/consents.js";
import { ErrorResponse } from "./common.js";
import { Health, Readiness } from "./health.js";
import { IntrospectionForm, IntrospectionResponse } from "./tokens/introspect.js";
import { KeyList, KeyResponse } from "./operator/keys.js";
import { ProviderList } from "./login/auth.js";
import { PushedForm, PushedResponse } from "./login/authorize.js";
import { LoginAcceptance, LoginOver, LoginRejection, LoginRequest, Onward } from "./login/challenges.js";
import { Jwks } from "./discovery/jwks.js";
import { Metadata } from "./discovery/metadata.js";
import { RevocationSnapshot } from "./revocations/feed.js";
import { RevocationBody, Revoked } from "./revocations/revocations.js";
import { RevokeForm } from "./tokens/revoke.js";
import { LogoutResponse } from "./tokens/logout.js";
import { MintBody } from "./tokens/mint.js";
import { TokenResponse } from "./tokens/token.js";
import { Service } from "./root.js";
import { UserInfo } from "./tokens/userinfo.js";

/** All schemas with an $id, except TokenRequest, which src/app.ts makes from the grants: OpenAPI's components. */
export const SHARED_SCHEMAS: readonly TSchema[] = [
  ErrorResponse, MintBody, TokenResponse, LogoutResponse, UserInfo, Jwks, Policy, RegistrationBody, RegisteredClient,
  ClientResponse, ClientList, ClientPatchBody, RotateSecretBody, RotatedSecret, KeyResponse, KeyList,
  RevocationBody, Revoked, RevokedClient, RevocationSnapshot, IntrospectionForm, IntrospectionResponse,
  RevokeForm, ProviderList, PushedForm, PushedResponse, ConsentList, LoginRequest, LoginAcceptance, LoginRejection,
  Onward, LoginOver, Metadata, Health, Readiness, Service,
];
