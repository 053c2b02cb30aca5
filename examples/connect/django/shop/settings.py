import os
from pathlib import Path

# What every Django project has.
SECRET_KEY = os.environ["DJANGO_SECRET_KEY"]
ALLOWED_HOSTS = ["localhost"]
ROOT_URLCONF = "shop.urls"
DATABASES = {"default": {
    "ENGINE": "django.db.backends.sqlite3", "NAME": Path(os.environ.get("DATA_DIR", ".")) / "shop.sqlite3",
}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# snippet:on
# settings.py
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
    "mozilla_django_oidc",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # Asks Authflow again after the time below, with prompt=none: who was logged out there is logged out here.
    "mozilla_django_oidc.middleware.SessionRefresh",
]
AUTHENTICATION_BACKENDS = ["shop.users.AuthflowBackend"]
LOGIN_URL = "oidc_authentication_init"
LOGIN_REDIRECT_URL = "/"
# Not "/", which begins a login: who goes back from it, or logs out, would be led to it again.
LOGIN_REDIRECT_URL_FAILURE = LOGOUT_REDIRECT_URL = "/logged-out/"
SESSION_COOKIE_SAMESITE = "Lax"  # not Strict: the browser comes back from another site

AUTHFLOW = os.environ["AUTHFLOW_URL"]
OIDC_RP_CLIENT_ID = os.environ["AUTHFLOW_CLIENT_ID"]
OIDC_RP_CLIENT_SECRET = os.environ["AUTHFLOW_CLIENT_SECRET"]
OIDC_RP_SCOPES = "openid profile email"
OIDC_RP_SIGN_ALGO = "RS256"
OIDC_USE_PKCE = True
OIDC_OP_AUTHORIZATION_ENDPOINT = f"{AUTHFLOW}/authorize"
OIDC_OP_TOKEN_ENDPOINT = f"{AUTHFLOW}/token"
OIDC_OP_USER_ENDPOINT = f"{AUTHFLOW}/userinfo"
OIDC_OP_JWKS_ENDPOINT = f"{AUTHFLOW}/.well-known/jwks.json"
OIDC_RENEW_ID_TOKEN_EXPIRY_SECONDS = 15 * 60
OIDC_STORE_ACCESS_TOKEN = True
OIDC_OP_LOGOUT_URL_METHOD = "shop.users.end_session"
# snippet:off
OIDC_RENEW_ID_TOKEN_EXPIRY_SECONDS = int(os.environ.get("RENEW_SECONDS", OIDC_RENEW_ID_TOKEN_EXPIRY_SECONDS))
