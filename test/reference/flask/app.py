# The reference documentation's Flask integration, as it stands there. Changed: the base URL, which comes from the
# environment where the literal stood. Supplied, because the text leaves it out: this preamble, with a `User` model, and
# a first `_get_public_key`, which the text calls a few lines before it defines it.
import os

import requests
from jwt.algorithms import RSAAlgorithm

AUTHFLOW_URL = os.environ["AUTHFLOW_URL"]


def _get_public_key():
    return RSAAlgorithm.from_jwk(requests.get(f"{AUTHFLOW_URL}/.well-known/jwks.json").json()["keys"][0])


class User:
    def check_password(self, password):
        return password == "correct horse"

    class query:
        @staticmethod
        def filter_by(username):
            class Found:
                @staticmethod
                def first():
                    return User() if username == "alice" else None
            return Found


# ---------------------------------------------------------------------------------------------- the text begins here
import os
import time
import requests
from flask import Flask, request, jsonify
from flask_jwt_extended import JWTManager, jwt_required, get_jwt_identity
from jwt.algorithms import RSAAlgorithm
app = Flask(__name__)
# Flask session secret — not the JWT key
app.config["SECRET_KEY"] = os.environ["FLASK_SECRET_KEY"]
# Tell flask-jwt-extended to use RS256 and Authflow's public key
app.config["JWT_ALGORITHM"] = "RS256"
app.config["JWT_PUBLIC_KEY"] = _get_public_key()
jwt = JWTManager(app)
# --- JWKS with TTL cache ---
_jwks_cache = {"key": None, "fetched_at": 0}
JWKS_URL = f"{AUTHFLOW_URL}/.well-known/jwks.json"
JWKS_TTL = 3600 # 1 hour
def _get_public_key():
    now = time.time()
    if _jwks_cache["key"] and (now - _jwks_cache["fetched_at"]) < JWKS_TTL:
        return _jwks_cache["key"]
    jwks = requests.get(JWKS_URL).json()
    key = RSAAlgorithm.from_jwk(jwks["keys"][0])
    _jwks_cache.update({"key": key, "fetched_at": now})
    return key
# --- Login: authenticate, then mint ---
@app.route("/login", methods=["POST"])
def login():
    data = request.json
    username = data.get("username")
    password = data.get("password")
    if not username or not password:
        return jsonify({"error": "Missing credentials"}), 400
    user = User.query.filter_by(username=username).first()
    if not user or not user.check_password(password):
        return jsonify({"error": "Invalid credentials"}), 401
    resp = requests.post(
        f"{AUTHFLOW_URL}/mint",
        json={
            "sub": username,
            "provider": "local",
            "client_id": os.environ["AUTHFLOW_CLIENT_ID"],
            "client_secret": os.environ["AUTHFLOW_CLIENT_SECRET"],
        }
    )
    if resp.status_code != 200:
        return jsonify({"error": "Auth service unavailable"}), 500
    return resp.json(), 200
# --- Protected route ---
@app.route("/upload", methods=["POST"])
@jwt_required()
def upload():
    current_user = get_jwt_identity() # returns sub claim
    # your logic here
    return jsonify({"user": current_user})
