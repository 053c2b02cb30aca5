import os
import urllib.request

import jwt  # pip install "pyjwt[crypto]"

AUTHFLOW = os.environ.get("AUTHFLOW_URL", "http://localhost:8080")
ISSUER = os.environ.get("AUTHFLOW_ISSUER", "authflow-go")
AUDIENCE = os.environ.get("AUTHFLOW_AUDIENCE")  # your name in the claim aud, if you have one

# Keeps the keys for five minutes; an unknown kid fetches them again.
keys = jwt.PyJWKClient(f"{AUTHFLOW}/.well-known/jwks.json", lifespan=300)


class Unknown(Exception):
    """It is unknown whether the token is valid: answer your caller 503. Any other error: 401."""


def verify(token):
    """The claims of a token that Authflow signed and that has not expired; else raises jwt.PyJWTError or Unknown."""
    # Clocks may differ a little, and aud is checked below, with a message that says what to do.
    options = {"require": ["exp", "iss", "sub", "jti"], "verify_iat": False, "verify_aud": False}
    claims = jwt.decode(token, key_of(token), algorithms=["RS256"], issuer=ISSUER, options=options)
    audience = claims.get("aud")
    names = audience if isinstance(audience, list) else [audience]
    if audience is not None and AUDIENCE not in names:
        raise jwt.InvalidAudienceError(f"the token is for {audience}: set AUTHFLOW_AUDIENCE if that is you")
    return claims


def key_of(token):
    try:
        return keys.get_signing_key_from_jwt(token).key
    except jwt.PyJWKClientError as error:
        if isinstance(error.__context__, OSError):  # no answer, or an error; else no key has the token's kid
            raise Unknown(f"Authflow's keys can't be fetched: {error.__context__}") from error
        raise


def is_live(token):
    """Whether the token was not revoked. Raises Unknown if Authflow can't say it."""
    request = urllib.request.Request(f"{AUTHFLOW}/userinfo", headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=5):
            return True
    except OSError as error:
        if getattr(error, "code", None) == 401:
            return False
        raise Unknown(f"the live check failed: {error}") from error


# Reads one token a line, `live <token>` for the live check too, and says what it thinks of each.
def main():
    while line := input_line():
        token = line.removeprefix("live ")
        try:
            claims = verify(token)
            if line.startswith("live ") and not is_live(token):
                raise ValueError("revoked")
            print("ok", claims["sub"], flush=True)
        except Exception as error:
            print("unknown" if isinstance(error, Unknown) else "refused", " ".join(str(error).split()), flush=True)


def input_line():
    try:
        return input()
    except EOFError:
        return None


if __name__ == "__main__":
    main()
