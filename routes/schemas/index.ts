import type { TSchema } from "@sinclair/typebox";
import {
  ClientList,
  ClientPatchBody,
  ClientResponse,
  Policy,
  RegisteredClient,
  RegistrationBody,
  RotatedSecret,
  RotateSecretBody,
} from "./operator/clients.js";
import { ErrorResponse } from "./common.js";
import { Health, Readiness } from "./health.js";
import { IntrospectionForm, IntrospectionResponse } from "./tokens/introspection.js";
import { KeyList, KeyResponse } from "./operator/keys.js";
import { ProviderList, TokenForm } from "./login/login.js";
import { RevocationBody, RevocationSnapshot, RevokedClient, RevokedSubject } from "./revocations/revocations.js";
import { Jwks, LogoutResponse, MintBody, TokenResponse, UserInfo } from "./tokens/tokens.js";

/** Every schema with an $id: the components of the OpenAPI document. */
export const SHARED_SCHEMAS: readonly TSchema[] = [
  ErrorResponse, MintBody, TokenResponse, LogoutResponse, UserInfo, Jwks, Policy, RegistrationBody, RegisteredClient,
  ClientResponse, ClientList, ClientPatchBody, RotateSecretBody, RotatedSecret, KeyResponse, KeyList,
  RevocationBody, RevokedSubject, RevokedClient, RevocationSnapshot, IntrospectionForm, IntrospectionResponse, ProviderList, TokenForm, Health, Readiness,
];
