package main

import (
	"bufio"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"math"
	"math/big"
	"math/rand"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v4" // go get github.com/golang-jwt/jwt/v4
)

// Authflow verifies its tokens. URL is its base URL, Issuer the iss to expect, Audience your name in aud if you have
// one; a client's credentials open the feed.
// StaleAfter is how long the feed may be silent; later tokens are refused unless AcceptWhenStale.
// RefetchAfter: an unknown kid fetches the keys at most once in this time. ReconnectWithin: the longest pause before the
// next connection. Both are five seconds where they are zero.
type Authflow struct {
	URL, Issuer, Audience         string
	ClientID, ClientSecret        string
	StaleAfter                    time.Duration
	RefetchAfter, ReconnectWithin time.Duration
	AcceptWhenStale               bool

	keysMutex      sync.RWMutex
	fetchMutex     sync.Mutex // its holder fetches the keys; those who wait share the result
	keys           map[string]crypto.PublicKey
	fetched, asked time.Time
	fetchFailed    bool

	feedMutex sync.RWMutex
	revoked   *revocations
	rebuilt   *revocations // after a reset: the snapshot, which replaces revoked when it is complete
	caughtUp  bool         // whether this connection has received all events from before it
	heard     time.Time    // when the data was last up to date

	lastEventID, logged string
}

// ErrUnknown : it is unknown whether the token is valid: answer your caller 503. Any other error of Verify: 401.
var ErrUnknown = errors.New("unknown")

const (
	keepKeys, timeout, retryIfRefused = 5 * time.Minute, 5 * time.Second, 30 * time.Second
)

// A key verifies one of them only, because the library demands its type.
var parser = jwt.NewParser(jwt.WithValidMethods([]string{"RS256", "ES256", "EdDSA"}), jwt.WithoutClaimsValidation())

// Verify returns the claims of a token that Authflow signed, that has not expired and that was not revoked. It makes
// no call.
func (a *Authflow) Verify(token string) (jwt.MapClaims, error) {
	claims := jwt.MapClaims{}
	parsed, err := parser.ParseWithClaims(token, claims, a.key)
	if err != nil {
		return nil, err // wraps ErrUnknown where the keys can't be fetched
	}
	kid, _ := parsed.Header["kid"].(string)
	subject, _ := claims["sub"].(string)
	id, _ := claims["jti"].(string)
	issuedAt, _ := claims["iat"].(float64)
	_, critical := parsed.Header["crit"]
	switch {
	case critical || (parsed.Header["typ"] != "JWT" && parsed.Header["typ"] != "at+jwt"):
		return nil, errors.New("this is not an access token")
	case !claims.VerifyIssuer(a.Issuer, true):
		return nil, errors.New("the token has another issuer")
	case !claims.VerifyExpiresAt(time.Now().Unix(), true):
		return nil, errors.New("the token has expired")
	case subject == "" || id == "" || issuedAt == 0:
		return nil, errors.New("the token lacks sub, jti or iat")
	case claims["aud"] != nil && !claims.VerifyAudience(a.Audience, true):
		return nil, fmt.Errorf("the token is for %v: set AUTHFLOW_AUDIENCE if that is you", claims["aud"])
	}
	client, _ := claims["client_id"].(string)
	names := []string{"jti:" + id, "sub:" + subject, "client_id:" + client, "client_sub:" + client + ":" + subject, "kid:" + kid}
	if session, ok := claims["sid"].(string); ok {
		names = append(names, "sid:"+session, "client_sid:"+client+":"+session)
	}
	a.feedMutex.RLock()
	defer a.feedMutex.RUnlock()
	if a.revoked != nil && a.revoked.end(names, issuedAtMs(id, int64(issuedAt))) {
		return nil, errors.New("the token was revoked")
	}
	if !a.fresh() && !a.AcceptWhenStale {
		return nil, fmt.Errorf("%w: the revocation state", ErrUnknown)
	}
	return claims, nil
}

// IsFresh tells whether the known revocations are up to date: use it in your readiness check.
func (a *Authflow) IsFresh() bool {
	a.feedMutex.RLock()
	defer a.feedMutex.RUnlock()
	return a.fresh()
}

func (a *Authflow) fresh() bool { return !a.heard.IsZero() && time.Since(a.heard) < a.StaleAfter }

// An unknown kid fetches the keys, at most once in RefetchAfter; requests that wait share one fetch.
func (a *Authflow) key(token *jwt.Token) (interface{}, error) {
	kid, _ := token.Header["kid"].(string)
	if key := a.knownKey(kid); key != nil {
		return key, nil
	}
	a.refreshKeys()
	if key := a.knownKey(kid); key != nil {
		return key, nil
	}
	a.keysMutex.RLock()
	defer a.keysMutex.RUnlock()
	if a.fetchFailed {
		return nil, fmt.Errorf("%w: the keys can't be fetched", ErrUnknown)
	}
	return nil, errors.New("no key has the token's kid")
}

func (a *Authflow) knownKey(kid string) crypto.PublicKey {
	a.keysMutex.RLock()
	defer a.keysMutex.RUnlock()
	return a.keys[kid]
}

func (a *Authflow) refreshKeys() {
	a.fetchMutex.Lock()
	defer a.fetchMutex.Unlock()
	if time.Since(a.asked) < orFiveSeconds(a.RefetchAfter) {
		return
	}
	keys, err := a.fetchKeys()
	a.keysMutex.Lock()
	defer a.keysMutex.Unlock()
	a.asked, a.fetchFailed = time.Now(), err != nil
	if err != nil {
		log.Printf("authflow: the keys can't be fetched: %v", err)
		return
	}
	a.keys, a.fetched = keys, a.asked
}

func (a *Authflow) fetchKeys() (map[string]crypto.PublicKey, error) {
	client := &http.Client{Timeout: timeout}
	response, err := client.Get(a.URL + "/.well-known/jwks.json")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(response.Status)
	}
	var document struct {
		Keys []struct{ Kid, Alg, N, E, X, Y string }
	}
	if err := json.NewDecoder(response.Body).Decode(&document); err != nil {
		return nil, err
	}
	keys := map[string]crypto.PublicKey{}
	for _, jwk := range document.Keys {
		switch jwk.Alg {
		case "RS256":
			keys[jwk.Kid] = &rsa.PublicKey{N: number(jwk.N), E: int(number(jwk.E).Int64())}
		case "ES256":
			keys[jwk.Kid] = &ecdsa.PublicKey{Curve: elliptic.P256(), X: number(jwk.X), Y: number(jwk.Y)}
		case "EdDSA":
			keys[jwk.Kid] = ed25519.PublicKey(decode(jwk.X))
		}
	}
	return keys, nil
}

func decode(base64url string) []byte {
	bytes, _ := base64.RawURLEncoding.DecodeString(base64url)
	return bytes
}

func number(base64url string) *big.Int { return new(big.Int).SetBytes(decode(base64url)) }

// What is revoked, by name: jti:…, sub:…, sid:…, client_id:…, client_sub:<client_id>:<sub>, client_sid:…, kid:….
type revocations struct {
	entries  map[string]entry
	expiring map[int64][]string // minute → the names whose entries expire by then
}

// Tokens issued before an instant (epoch ms) are revoked; the entry expires at exp (epoch s).
type entry struct{ before, exp int64 }

func newRevocations() *revocations {
	return &revocations{map[string]entry{}, map[int64][]string{}}
}

func (r *revocations) add(name string, before, exp int64) {
	known := r.entries[name]
	if exp > known.exp {
		minute := exp/60 + 2 // one minute later than needed
		r.expiring[minute] = append(r.expiring[minute], name)
	} else {
		exp = known.exp
	}
	if before < known.before {
		before = known.before
	}
	r.entries[name] = entry{before, exp}
}

func (r *revocations) end(names []string, issuedAt int64) bool {
	for _, name := range names {
		if issuedAt < r.entries[name].before {
			return true
		}
	}
	return false
}

// Drops whole minutes: entries that stay cost nothing.
func (r *revocations) dropExpired(now int64) {
	for minute, names := range r.expiring {
		if minute*60 > now {
			continue
		}
		for _, name := range names {
			if r.entries[name].exp <= now {
				delete(r.entries, name)
			}
		}
		delete(r.expiring, minute)
	}
}

var uuidV7 = regexp.MustCompile(`(?i)^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// When the token was issued: to the millisecond by a UUIDv7 jti that agrees with iat, else at iat.
func issuedAtMs(id string, issuedAt int64) int64 {
	if parts := uuidV7.FindStringSubmatch(id); parts != nil {
		if instant, _ := strconv.ParseInt(parts[1]+parts[2], 16, 64); instant/1000 == issuedAt {
			return instant
		}
	}
	return issuedAt * 1000
}

// Follow subscribes to the feed and goes on for as long as the process lives: go authflow.Follow().
func (a *Authflow) Follow() {
	retryLast := orFiveSeconds(a.ReconnectWithin)
	retryFirst := retryLast / 25
	for longest := 2 * retryFirst; ; {
		err := a.listen()
		a.log("is lost: " + err.Error())
		if longest *= 2; longest > retryLast {
			longest = retryLast
		}
		if a.caughtUp { // nobody else writes it
			longest = 2 * retryFirst
		}
		pause := retryFirst + time.Duration(rand.Int63n(int64(longest-retryFirst)))
		if errors.Is(err, errRefused) {
			pause = retryIfRefused
		}
		time.Sleep(pause)
	}
}

func orFiveSeconds(given time.Duration) time.Duration {
	if given == 0 {
		return 5 * time.Second
	}
	return given
}

var errRefused = errors.New("the client's id or secret is wrong")

// One connection to the feed, until it ends.
func (a *Authflow) listen() error {
	a.feedMutex.Lock()
	a.caughtUp, a.rebuilt = false, nil
	a.feedMutex.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	// A dead connection is closed early enough to open another before the data is stale.
	silence := a.StaleAfter * 2 / 3
	watchdog := time.AfterFunc(silence, cancel)
	defer watchdog.Stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL+"/revocations/stream", nil)
	if err != nil {
		return err
	}
	request.SetBasicAuth(a.ClientID, a.ClientSecret)
	if a.lastEventID != "" {
		request.Header.Set("Last-Event-ID", a.lastEventID)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized:
		return errRefused
	default:
		var answer struct {
			Description string `json:"error_description"`
		}
		_ = json.NewDecoder(response.Body).Decode(&answer)
		return errors.New(strings.TrimSpace(response.Status + " " + answer.Description))
	}
	fields := map[string]string{}
	for reader := bufio.NewReader(response.Body); ; {
		line, err := reader.ReadString('\n')
		if ctx.Err() != nil {
			return errors.New("it is silent")
		}
		if err != nil {
			return err
		}
		line = strings.TrimRight(line, "\r\n")
		if line != "" {
			name, value, _ := strings.Cut(line, ":")
			fields[name] = strings.TrimPrefix(value, " ")
			continue
		}
		known, err := a.take(fields["event"], fields["data"])
		if err != nil {
			return err
		}
		if known {
			watchdog.Reset(silence)
		}
		if id, given := fields["id"]; given {
			a.lastEventID = id
		}
		fields = map[string]string{}
	}
}

// Takes one event. False: an event of a later version.
func (a *Authflow) take(event, data string) (bool, error) {
	var entries []struct {
		Jti, Sub, Sid, Kid string
		IssuedTo           string `json:"issued_to"`
		ClientID           string `json:"client_id"`
		IssuedBefore       int64  `json:"issued_before"`
		Exp                int64
	}
	if event == "revoked" || event == "issued_before" {
		if err := json.Unmarshal([]byte(data), &entries); err != nil {
			return false, err
		}
	}
	a.feedMutex.Lock()
	defer a.feedMutex.Unlock()
	if a.revoked == nil {
		a.revoked = newRevocations()
	}
	switch event {
	case "reset":
		a.rebuilt, a.caughtUp = newRevocations(), false
	case "revoked":
		for _, each := range entries {
			a.add("jti:"+each.Jti, math.MaxInt64, each.Exp)
		}
	case "issued_before":
		for _, each := range entries {
			switch {
			case each.Sub != "":
				a.add(named("sub", each.IssuedTo)+each.Sub, each.IssuedBefore, each.Exp)
			case each.Sid != "":
				a.add(named("sid", each.IssuedTo)+each.Sid, each.IssuedBefore, each.Exp)
			case each.ClientID != "":
				a.add("client_id:"+each.ClientID, each.IssuedBefore, each.Exp)
			case each.Kid != "":
				a.add("kid:"+each.Kid, math.MaxInt64, each.Exp)
			}
		}
	case "current":
		if a.rebuilt != nil {
			a.revoked, a.rebuilt = a.rebuilt, nil
		}
		a.caughtUp = true
		a.log("is up to date")
	case "heartbeat":
	default:
		return false, nil
	}
	if a.caughtUp { // not before: events that are still to come may be hours old
		a.heard = time.Now()
	}
	if event == "current" || event == "heartbeat" {
		a.revoked.dropExpired(time.Now().Unix())
		a.keysMutex.RLock()
		defer a.keysMutex.RUnlock()
		if time.Since(a.fetched) > keepKeys {
			go a.refreshKeys()
		}
	}
	return true, nil
}

// What the name of a cut-off begins with; client is the one that the tokens were issued to, if the cut-off names it.
func named(scope, client string) string {
	if client == "" {
		return scope + ":"
	}
	return "client_" + scope + ":" + client + ":"
}

func (a *Authflow) add(name string, before, exp int64) {
	a.revoked.add(name, before, exp)
	if a.rebuilt != nil {
		a.rebuilt.add(name, before, exp)
	}
}

func (a *Authflow) log(state string) {
	if state != a.logged {
		log.Print("authflow: the revocation feed " + state)
	}
	a.logged = state
}
