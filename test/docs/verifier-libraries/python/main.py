"""Libraries for Python, set up as their own documentation says; ../README.md has what it reads and prints."""
import json
import os
import sys

import jwt as pyjwt
from authlib.jose import JsonWebKey, JsonWebToken
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc import jwt as joserfc
from joserfc.jwk import KeySet
from jose import jwt as python_jose

ISSUER, AUDIENCE = os.environ["ISSUER"], os.environ["AUDIENCE"]
REQUIRED = {"iss": {"essential": True, "value": ISSUER}, "aud": {"essential": True, "value": AUDIENCE}}
client = pyjwt.PyJWKClient(os.environ["JWKS_URI"])


def verify_pyjwt(token, _jwks):
    key = client.get_signing_key_from_jwt(token)
    pyjwt.decode(token, key, algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER)


def verify_python_jose(token, jwks):
    python_jose.decode(token, jwks, algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER)


def verify_joserfc(token, jwks):
    decoded = joserfc.decode(token, KeySet.import_key_set(jwks), algorithms=["RS256"])
    joserfc.JWTClaimsRegistry(**REQUIRED).validate(decoded.claims)


def verify_authlib(token, jwks):
    keys = JsonWebKey.import_key_set(jwks)
    JsonWebToken(["RS256"]).decode(token, keys, claims_options=REQUIRED).validate()


def verify_authlib_strict(token, jwks):
    class Validator(JWTBearerTokenValidator):
        def get_jwks(self):
            return jwks

    validator = Validator(issuer=ISSUER, resource_server=AUDIENCE)
    validator.validate_token(validator.authenticate_token(token), [], None)


LIBRARIES = {
    "PyJWT": verify_pyjwt,
    "python-jose": verify_python_jose,
    "joserfc": verify_joserfc,
    "Authlib": verify_authlib,
    "Authlib with `JWTBearerTokenValidator`": verify_authlib_strict,
}


def refusal(verify, token, jwks):
    try:
        verify(token, jwks)
    except Exception as error:
        return repr(error)
    return None


for line in sys.stdin:
    asked = json.loads(line)
    answer = {
        name: {what: refusal(verify, token, asked["jwks"]) for what, token in asked["tokens"].items()}
        for name, verify in LIBRARIES.items()
    }
    print(json.dumps(answer), flush=True)
