package main

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v4" // go get github.com/golang-jwt/jwt/v4
)

// ErrUnknown: it is unknown whether the token is valid, so answer 503. Any other error: 401.
var ErrUnknown = errors.New("unknown")

// Verifier verifies Authflow's tokens. URL is Authflow's base URL, Issuer the iss to expect, Audience your name in aud
// if you have one. An unknown kid fetches the keys again, but not more often than RefetchAfter: five seconds where it
// is zero.
type Verifier struct {
	URL, Issuer, Audience string
	RefetchAfter          time.Duration

	mutex   sync.Mutex
	keys    map[string]*rsa.PublicKey
	fetched time.Time
}

const keepKeys = 5 * time.Minute

var (
	client = &http.Client{Timeout: 5 * time.Second}
	// The claims are checked below: the library would refuse an iat that is ahead of this machine's clock by a moment.
	parser = jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithoutClaimsValidation())
)

// Verify returns the claims of a token that Authflow signed and that has not expired.
func (v *Verifier) Verify(token string) (jwt.MapClaims, error) {
	claims := jwt.MapClaims{}
	if _, err := parser.ParseWithClaims(token, claims, v.key); err != nil {
		return nil, err // wraps ErrUnknown where the keys can't be fetched
	}
	subject, _ := claims["sub"].(string)
	id, _ := claims["jti"].(string)
	switch {
	case !claims.VerifyIssuer(v.Issuer, true):
		return nil, errors.New("the token has another issuer")
	case !claims.VerifyExpiresAt(time.Now().Unix(), true):
		return nil, errors.New("the token has expired, or never does")
	case subject == "" || id == "":
		return nil, errors.New("the token lacks sub or jti")
	case claims["aud"] != nil && !claims.VerifyAudience(v.Audience, true):
		return nil, fmt.Errorf("the token is for %v: set AUTHFLOW_AUDIENCE if that is you", claims["aud"])
	}
	return claims, nil
}

// IsLive tells whether the token was not revoked. The error is ErrUnknown if Authflow can't say it.
func (v *Verifier) IsLive(token string) (bool, error) {
	request, err := http.NewRequest(http.MethodGet, v.URL+"/userinfo", nil)
	if err != nil {
		return false, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := client.Do(request)
	if err != nil {
		return false, fmt.Errorf("%w: %v", ErrUnknown, err)
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
		return true, nil
	case http.StatusUnauthorized:
		return false, nil
	}
	return false, fmt.Errorf("%w: the live check failed with status %d", ErrUnknown, response.StatusCode)
}

func (v *Verifier) key(token *jwt.Token) (interface{}, error) {
	kid, _ := token.Header["kid"].(string)
	v.mutex.Lock()
	defer v.mutex.Unlock()
	age, refetchAfter := time.Since(v.fetched), v.RefetchAfter
	if refetchAfter == 0 {
		refetchAfter = 5 * time.Second
	}
	if age > keepKeys || (v.keys[kid] == nil && age > refetchAfter) {
		if err := v.fetch(); err != nil {
			return nil, fmt.Errorf("%w: the keys can't be fetched: %v", ErrUnknown, err)
		}
	}
	if key := v.keys[kid]; key != nil {
		return key, nil
	}
	return nil, errors.New("no key has the token's kid")
}

func (v *Verifier) fetch() error {
	response, err := client.Get(v.URL + "/.well-known/jwks.json")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var document struct {
		Keys []struct{ Kty, Kid, N, E string }
	}
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(&document); err != nil {
		return err
	}
	keys := map[string]*rsa.PublicKey{}
	for _, jwk := range document.Keys {
		n, errN := base64.RawURLEncoding.DecodeString(jwk.N)
		e, errE := base64.RawURLEncoding.DecodeString(jwk.E)
		if jwk.Kty == "RSA" && errN == nil && errE == nil {
			keys[jwk.Kid] = &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
		}
	}
	v.keys, v.fetched = keys, time.Now()
	return nil
}
