"""A web application: people log in, and it calls an API in their name."""
import os
import secrets

from authlib.integrations.starlette_client import OAuth, OAuthError
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.middleware.sessions import SessionMiddleware

AUTHFLOW = os.environ["AUTHFLOW_URL"]
API_URL = os.environ["API_URL"]

app = FastAPI()
app.add_middleware(SessionMiddleware, secret_key=os.environ["SESSION_SECRET"])

# By the id of the session. Use your database: tokens do not fit into the cookie of a session.
tokens = {}


async def fetch_token(request):
    return tokens.get(request.session.get("id"))


async def update_token(token, refresh_token=None, access_token=None):
    for session, old in tokens.items():
        if old.get("refresh_token") == refresh_token:
            tokens[session] = {**old, **token}


oauth = OAuth()
authflow = oauth.register(
    "authflow",
    server_metadata_url=f"{AUTHFLOW}/.well-known/openid-configuration",
    client_id=os.environ["AUTHFLOW_CLIENT_ID"],
    client_secret=os.environ["AUTHFLOW_CLIENT_SECRET"],
    client_kwargs={"scope": "openid profile email offline_access", "code_challenge_method": "S256"},
    authorize_params={"resource": API_URL},  # the API that the access tokens are for
    fetch_token=fetch_token,
    update_token=update_token,
)


@app.get("/login")
async def login(request: Request):
    return await authflow.authorize_redirect(request, request.url_for("callback"))


@app.get("/callback")
async def callback(request: Request):
    try:
        token = await authflow.authorize_access_token(request)
    except OAuthError as error:  # access_denied, for instance
        return JSONResponse({"error": error.error, "error_description": error.description}, 403)
    user = await authflow.userinfo(token=token)  # name and email; the ID token, which was verified, says who it is
    if user["sub"] != token["userinfo"]["sub"]:
        return JSONResponse({"error": "server_error"}, 502)
    request.session.clear()
    request.session["id"] = secrets.token_urlsafe()
    request.session["user"] = {"sub": user["sub"], "name": user.get("name"), "email": user.get("email")}
    tokens[request.session["id"]] = token
    return RedirectResponse("/")


@app.get("/")
async def home(request: Request):
    return request.session.get("user") or RedirectResponse("/login")


@app.post("/logout")
async def logout(request: Request):
    """Ends the session at Authflow too: otherwise the next login needs no page."""
    if await fetch_token(request) is not None:
        try:
            response = await authflow.post(f"{AUTHFLOW}/logout", request=request, json={"session": True})
            if response.status_code not in (200, 401):  # 401: it has ended
                return JSONResponse({"error": "the logout failed: try again"}, 502)
        except OAuthError:  # the refresh token has ended, and the login with it
            pass
        del tokens[request.session["id"]]
    request.session.clear()
    return {"message": "logged out"}


@app.get("/orders")
async def orders(request: Request):
    """Refreshes the access token when it has expired, or will within a minute."""
    if await fetch_token(request) is None:
        return RedirectResponse("/login")
    try:
        response = await authflow.get(API_URL, request=request)
    except OAuthError:  # the refresh token has ended: a logout, or its lifetime
        return RedirectResponse("/login")
    return JSONResponse(response.json(), response.status_code)
