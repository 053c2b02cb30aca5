# A FastAPI service in the manner of the reference documentation: python-jose over the first key of the JWKS, cached
# for an hour and fetched again when a verification fails.
import os
import time

import requests
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from jose import JWTError, jwt
from pydantic import BaseModel

AUTHFLOW_URL = os.environ["AUTHFLOW_URL"]
JWKS_URL = f"{AUTHFLOW_URL}/.well-known/jwks.json"
ISSUER = "authflow-go"
JWKS_TTL = 3600

app = FastAPI()
bearer = HTTPBearer()
_cache = {"key": None, "fetched_at": 0.0}


def get_public_key(refresh=False):
    now = time.time()
    if refresh or _cache["key"] is None or now - _cache["fetched_at"] > JWKS_TTL:
        _cache.update(key=requests.get(JWKS_URL).json()["keys"][0], fetched_at=now)
    return _cache["key"]


def decode(token, refresh=False):
    return jwt.decode(token, get_public_key(refresh), algorithms=["RS256"], issuer=ISSUER)


def current_user(credentials: HTTPAuthorizationCredentials = Depends(bearer)):
    try:
        return decode(credentials.credentials)["sub"]
    except JWTError:
        pass
    try:
        return decode(credentials.credentials, refresh=True)["sub"]
    except JWTError:
        raise HTTPException(status_code=401, detail="Invalid token")


class Login(BaseModel):
    username: str
    password: str


@app.post("/login")
def login(body: Login):
    if (body.username, body.password) != ("alice", "correct horse"):
        raise HTTPException(status_code=401, detail="Invalid credentials")
    response = requests.post(f"{AUTHFLOW_URL}/mint", json={
        "sub": body.username,
        "provider": "local",
        "client_id": os.environ["AUTHFLOW_CLIENT_ID"],
        "client_secret": os.environ["AUTHFLOW_CLIENT_SECRET"],
    })
    if response.status_code != 200:
        raise HTTPException(status_code=500, detail="Auth service unavailable")
    return response.json()


@app.post("/upload")
def upload(user: str = Depends(current_user)):
    return {"user": user}
