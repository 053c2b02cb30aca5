import os
import urllib.error
import urllib.request

import jwt  # pip install "pyjwt[crypto]"

AUTHFLOW = os.environ.get("AUTHFLOW_URL", "http://localhost:8080")
ISSUER = os.environ.get("AUTHFLOW_ISSUER", "authflow-go")

# Keeps the keys for five minutes; an unknown kid fetches them again.
keys = jwt.PyJWKClient(f"{AUTHFLOW}/.well-known/jwks.json", lifespan=300)


def verify(token):
    """The claims of a token that Authflow signed and that has not expired; raises jwt.PyJWTError otherwise.

    A token with an audience is refused unless decode() is given `audience="<you>"`.
    """
    return jwt.decode(
        token,
        keys.get_signing_key_from_jwt(token).key,
        algorithms=["RS256"],
        issuer=ISSUER,
        options={"require": ["exp", "iss", "sub", "jti"], "verify_iat": False},  # clocks may differ a little
    )


def is_live(token):
    """Whether the token was not revoked. Raises if that is unknown: answer your caller 503 then, not 200."""
    request = urllib.request.Request(f"{AUTHFLOW}/userinfo", headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        if error.code == 401:
            return False
        raise


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
            print("refused", " ".join(str(error).split()), flush=True)


def input_line():
    try:
        return input()
    except EOFError:
        return None


if __name__ == "__main__":
    main()
