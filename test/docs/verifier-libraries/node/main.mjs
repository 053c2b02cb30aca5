// Libraries for Node, set up as their own documentation says; ../README.md has what it reads and prints.
import { createInterface } from "node:readline";
import { JwtRsaVerifier } from "aws-jwt-verify";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";
import { auth } from "express-oauth2-jwt-bearer";
import { createVerifier } from "fast-jwt";
import { Jwt } from "hono/utils/jwt";
import { createRemoteJWKSet, jwtVerify } from "jose";
import jsonwebtoken from "jsonwebtoken";
import jwksRsa from "jwks-rsa";

const { JWKS_URI: jwksUri, ISSUER: issuer, AUDIENCE: audience } = process.env;
const algorithms = ["RS256"];
const joseKeys = createRemoteJWKSet(new URL(jwksUri));
const client = jwksRsa({ jwksUri });
const keyOf = async ({ kid }) => (await client.getSigningKey(kid)).getPublicKey();
const fastJwt = createVerifier({
  key: ({ header }) => keyOf(header), algorithms, allowedIss: issuer, allowedAud: audience,
});
// Its own fetcher takes https addresses only.
const fetcher = { fetch: async (uri) => (await fetch(uri)).arrayBuffer() };
const aws = JwtRsaVerifier.create({ issuer, audience, jwksUri }, { jwksCache: new SimpleJwksCache({ fetcher }) });
const jose = (options) => (token) => jwtVerify(token, joseKeys, { algorithms, issuer, audience, ...options });
const express = (options) => {
  const middleware = auth({ jwksUri, issuer, audience, tokenSigningAlg: "RS256", ...options });
  return (token) => new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, host: "api.example" };
    const request = {
      method: "GET", protocol: "https", url: "/", query: {}, headers,
      get: (name) => headers[name.toLowerCase()], is: () => false,
    };
    void middleware(request, {}, (error) => { if (error) reject(error); else resolve(request.auth); });
  });
};

/** Each takes a token and throws, or rejects, if the library refuses it. */
const libraries = {
  "jose": jose({}),
  "jose with `typ: \"at+jwt\"`": jose({ typ: "at+jwt" }),
  "jsonwebtoken with jwks-rsa": (token) => new Promise((resolve, reject) => {
    jsonwebtoken.verify(
      token,
      (header, done) => { keyOf(header).then((key) => { done(null, key); }, done); },
      { algorithms, issuer, audience },
      (error, claims) => { if (error) reject(error); else resolve(claims); },
    );
  }),
  "fast-jwt": fastJwt,
  "express-oauth2-jwt-bearer": express({}),
  "express-oauth2-jwt-bearer with `strict`": express({ strict: true }),
  "hono": (token) => Jwt.verifyWithJwks(token, {
    jwks_uri: jwksUri, allowedAlgorithms: algorithms, verification: { iss: issuer, aud: audience },
  }),
  "aws-jwt-verify": (token) => aws.verify(token),
};

async function refusal(verify, token) {
  try {
    await verify(token);
    return null;
  } catch (error) {
    return String(error);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = {};
  for (const [name, verify] of Object.entries(libraries)) {
    answer[name] = {};
    for (const [what, token] of Object.entries(JSON.parse(line).tokens)) {
      answer[name][what] = await refusal(verify, token);
    }
  }
  console.log(JSON.stringify(answer));
}
