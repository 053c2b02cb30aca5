"""An API: it takes the access tokens that are for it, and makes no call once it has the keys."""
import os
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

AUTHFLOW = os.environ["AUTHFLOW_URL"]
API_URL = os.environ["API_URL"]

app = FastAPI()
keys = jwt.PyJWKClient(f"{AUTHFLOW}/.well-known/jwks.json", lifespan=300)


def caller(bearer: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]):
    try:
        key = keys.get_signing_key_from_jwt(bearer.credentials)
        return jwt.decode(bearer.credentials, key, algorithms=["RS256"], issuer=AUTHFLOW, audience=API_URL)
    except jwt.PyJWKClientConnectionError as error:
        raise HTTPException(503, headers={"Retry-After": "2"}) from error
    except jwt.PyJWTError as error:
        raise HTTPException(401, str(error), {"WWW-Authenticate": 'Bearer error="invalid_token"'}) from error


@app.get("/orders")
def orders(claims: Annotated[dict, Depends(caller)]):
    return {"orders_of": claims["sub"], "scope": claims.get("scope", ""), "token": claims["jti"]}
