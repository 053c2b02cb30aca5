import base64
import json
import math
import os
import random
import re
import sys
import threading
import time
import urllib.error
import urllib.request

import jwt  # pip install "pyjwt[crypto]"

AUTHFLOW = os.environ.get("AUTHFLOW_URL", "http://localhost:8080")
ISSUER = os.environ.get("AUTHFLOW_ISSUER", "authflow-go")
AUDIENCE = os.environ.get("AUTHFLOW_AUDIENCE")  # your name in the claim aud, if you have one
CLIENT = f"{os.environ.get('AUTHFLOW_CLIENT_ID')}:{os.environ.get('AUTHFLOW_CLIENT_SECRET')}"
STALE_AFTER = float(os.environ.get("AUTHFLOW_STALE_AFTER", "45"))
REFETCH_AFTER = float(os.environ.get("AUTHFLOW_REFETCH_AFTER", "5"))
RETRY_LAST = float(os.environ.get("AUTHFLOW_RECONNECT_WITHIN", "5"))
ACCEPT_WHEN_STALE = os.environ.get("AUTHFLOW_WHEN_STALE") == "open"

ALGORITHMS = ["RS256", "ES256", "EdDSA"]
KEEP_KEYS, TIMEOUT = 300, 5
SILENCE = STALE_AFTER * 2 / 3  # closes a dead connection early enough to open another before the data is stale
RETRY_FIRST, RETRY_REFUSED = RETRY_LAST / 25, 30


class Unknown(Exception):
    """It is unknown whether the token is valid: answer your caller 503. Any other error of verify(): 401."""


def verify(token):
    """The claims of a token that Authflow signed, that has not expired and that was not revoked. Makes no call."""
    fresh = is_fresh()
    header = jwt.get_unverified_header(token)
    if header.get("typ") not in ("JWT", "at+jwt") or "crit" in header:
        raise jwt.InvalidTokenError("this is not an access token")
    key, algorithm = keys.find(header.get("kid"))
    # Clocks may differ a little, and aud is checked below, with a message that says what to do.
    options = {"require": ["exp", "iat", "iss", "sub", "jti"], "verify_iat": False, "verify_aud": False}
    # A key verifies its own algorithm only, whatever the token's header says.
    claims = jwt.decode(token, key, algorithms=[algorithm], issuer=ISSUER, options=options)
    audience = claims.get("aud")
    names = audience if isinstance(audience, list) else [audience]
    if audience is not None and AUDIENCE not in names:
        raise jwt.InvalidAudienceError(f"the token is for {audience}: set AUTHFLOW_AUDIENCE if that is you")
    if feed.revoked.ends(claims, header["kid"]):
        raise jwt.InvalidTokenError("the token was revoked")
    if not fresh and not ACCEPT_WHEN_STALE:
        raise Unknown("the revocation state is unknown")
    return claims


def is_fresh():
    """Whether the known revocations are up to date: use it in your readiness check."""
    feed.start()
    return time.monotonic() - feed.heard < STALE_AFTER


class Keys:
    """An unknown kid fetches the keys, at most once in REFETCH_AFTER; requests that wait share one fetch."""

    def __init__(self):
        self.known, self.failed = {}, False
        self.fetched = self.asked = -math.inf
        self.lock = threading.Lock()

    def find(self, kid):
        if kid not in self.known:
            self.refresh()
        if kid in self.known:
            return self.known[kid]
        raise Unknown("the keys can't be fetched") if self.failed else jwt.InvalidTokenError("no key has the kid")

    def refresh(self):
        with self.lock:
            if time.monotonic() - self.asked < REFETCH_AFTER:
                return
            try:
                with urllib.request.urlopen(f"{AUTHFLOW}/.well-known/jwks.json", timeout=TIMEOUT) as response:
                    found = [jwk for jwk in json.load(response)["keys"] if jwk.get("alg") in ALGORITHMS]
                self.known = {jwk["kid"]: (jwt.PyJWK(jwk).key, jwk["alg"]) for jwk in found}
                self.failed, self.fetched = False, time.monotonic()
            except Exception as error:
                self.failed = True
                log(f"the keys can't be fetched: {error}")
            finally:
                self.asked = time.monotonic()

    def refresh_if_old(self):
        if time.monotonic() - self.fetched > KEEP_KEYS:
            threading.Thread(target=self.refresh, daemon=True).start()


class Revocations:
    """What is revoked, by name: jti:…, sub:…, sid:…, client_id:…, client_sub:<client_id>:<sub>, client_sid:…, kid:…."""

    UUIDV7 = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)

    def __init__(self):
        self.entries = {}  # name: (tokens issued before this instant (epoch ms) are revoked, end of the entry (s))
        self.expiring = {}  # minute: the names whose entries expire by then

    def add(self, name, before, exp):
        known_before, known_exp = self.entries.get(name, (-math.inf, -math.inf))
        self.entries[name] = max(before, known_before), max(exp, known_exp)
        if exp > known_exp:
            self.expiring.setdefault(exp // 60 + 2, []).append(name)  # one minute later than needed

    def ends(self, claims, kid):
        # When the token was issued: to the millisecond by a UUIDv7 jti that agrees with iat, else at iat.
        match = self.UUIDV7.fullmatch(claims["jti"])
        instant = int(match[1] + match[2], 16) if match else -1
        issued_at = instant if instant // 1000 == claims["iat"] else claims["iat"] * 1000
        scopes = {"jti": claims["jti"], "sub": claims["sub"], "client_id": claims.get("client_id"), "kid": kid}
        scopes["client_sub"] = f"{claims.get('client_id')}:{claims['sub']}"
        if "sid" in claims:
            scopes["sid"], scopes["client_sid"] = claims["sid"], f"{claims.get('client_id')}:{claims['sid']}"
        return any(issued_at < self.entries.get(f"{name}:{value}", (-math.inf,))[0] for name, value in scopes.items())

    def drop_expired(self):
        """Drops whole minutes: entries that stay cost nothing."""
        now = time.time()
        for minute in [minute for minute in self.expiring if minute * 60 <= now]:
            for name in self.expiring.pop(minute):
                if self.entries.get(name, (0, math.inf))[1] <= now:
                    del self.entries[name]


class Feed:
    """The subscription, in a thread of its own."""

    def __init__(self):
        self.revoked = Revocations()
        self.rebuilt = None  # after a reset: the snapshot, which replaces `revoked` when it is complete
        self.caught_up = False  # whether this connection has received all events from before it
        self.heard = -math.inf  # when the data was last up to date
        self.last_event_id = None
        self.thread = None
        self.lock = threading.Lock()

    def start(self):
        if self.thread is not None and self.thread.is_alive():
            return
        with self.lock:
            if self.thread is None or not self.thread.is_alive():
                self.thread = threading.Thread(target=self.follow, daemon=True)
                self.thread.start()

    def follow(self):
        longest = 2 * RETRY_FIRST
        while True:
            refused = False
            try:
                self.listen()
                log("the revocation feed ended")
            except urllib.error.HTTPError as error:
                refused = error.code == 401
                why = "AUTHFLOW_CLIENT_ID or AUTHFLOW_CLIENT_SECRET is wrong" if refused else describe(error)
                log(f"the revocation feed is lost: {why}")
            except Exception as error:
                log(f"the revocation feed is lost: {error}")
            longest = 2 * RETRY_FIRST if self.caught_up else min(2 * longest, RETRY_LAST)
            time.sleep(RETRY_REFUSED if refused else random.uniform(RETRY_FIRST, longest))

    def listen(self):
        """One connection to the feed. Raises or returns when it ends."""
        self.caught_up, self.rebuilt = False, None
        headers = {"Authorization": f"Basic {base64.b64encode(CLIENT.encode()).decode()}"}
        if self.last_event_id is not None:
            headers["Last-Event-ID"] = self.last_event_id
        request = urllib.request.Request(f"{AUTHFLOW}/revocations/stream", headers=headers)
        with urllib.request.urlopen(request, timeout=SILENCE) as response:
            heard, fields = time.monotonic(), {}
            for line in response:
                text = line.decode().rstrip("\r\n")
                if text:
                    name, _, value = text.partition(":")
                    fields[name] = value.removeprefix(" ")
                else:
                    if self.take(fields.get("event"), json.loads(fields.get("data", "null"))):
                        heard = time.monotonic()
                    self.last_event_id = fields.get("id", self.last_event_id)
                    fields = {}
                if time.monotonic() - heard > SILENCE:
                    raise TimeoutError("it is silent")

    def take(self, event, data):
        if event == "reset":
            self.rebuilt, self.caught_up = Revocations(), False
        elif event == "revoked":
            for each in data:
                self.add(f"jti:{each['jti']}", math.inf, each["exp"])
        elif event == "issued_before":
            for each in data:
                for scope in each.keys() & {"sub", "sid", "client_id", "kid"}:
                    name = f"client_{scope}:{each['issued_to']}" if "issued_to" in each else scope
                    before = math.inf if scope == "kid" else each["issued_before"]
                    self.add(f"{name}:{each[scope]}", before, each["exp"])
        elif event == "current":
            self.revoked, self.rebuilt, self.caught_up = self.rebuilt or self.revoked, None, True
            log("the revocation feed is up to date")
        elif event != "heartbeat":
            return False  # an event of a later version
        # Not while catching up: events that are still to come may be hours old.
        if self.caught_up:
            self.heard = time.monotonic()
        if event in ("current", "heartbeat"):
            self.revoked.drop_expired()
            keys.refresh_if_old()
        return True

    def add(self, *entry):
        for revocations in filter(None, (self.revoked, self.rebuilt)):
            revocations.add(*entry)


def describe(error):
    try:
        return f"status {error.code} {json.load(error)['error_description']}"
    except Exception:
        return f"status {error.code}"


def log(message):
    if message != log.last:
        print(f"authflow: {message}", file=sys.stderr, flush=True)
    log.last = message


log.last = None
keys, feed = Keys(), Feed()
feed.start()


# A forked worker has none of its parent's threads, and maybe a lock that one of them held. At its first token it
# subscribes on its own, with the data of its parent.
def after_fork():
    keys.lock, feed.lock = threading.Lock(), threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=after_fork)


# Reads one token per line and prints the result for each.
def main():
    for line in sys.stdin:
        try:
            print("ok", verify(line.strip())["sub"], flush=True)
        except Unknown as error:
            print("unknown", error, flush=True)
        except Exception as error:
            print("refused", " ".join(str(error).split()), flush=True)


if __name__ == "__main__":
    main()
