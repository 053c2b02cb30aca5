// Libraries for Go, set up as their own documentation says; ../README.md has what it reads and prints.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/httprc/v3"
	"github.com/lestrrat-go/jwx/v3/jwk"
	jwx "github.com/lestrrat-go/jwx/v3/jwt"
)

type verify func(token string) error

var (
	jwksURI  = os.Getenv("JWKS_URI")
	issuer   = os.Getenv("ISSUER")
	audience = os.Getenv("AUDIENCE")
)

// once gives a verifier that `create` sets up when it gets its first token, or refuses all if it can't.
func once(create func(context.Context) (verify, error)) verify {
	var created verify
	return func(token string) error {
		if created == nil {
			var err error
			if created, err = create(context.Background()); err != nil {
				return err
			}
		}
		return created(token)
	}
}

func golangJWT(ctx context.Context) (verify, error) {
	keys, err := keyfunc.NewDefaultCtx(ctx, []string{jwksURI})
	if err != nil {
		return nil, err
	}
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(),
	)
	return func(token string) error {
		_, err := parser.Parse(token, keys.Keyfunc)
		return err
	}, nil
}

func goOIDC(verifier *oidc.IDTokenVerifier) verify {
	return func(token string) error {
		_, err := verifier.Verify(context.Background(), token)
		return err
	}
}

func goOIDCWithKeys(ctx context.Context) (verify, error) {
	return goOIDC(oidc.NewVerifier(issuer, oidc.NewRemoteKeySet(ctx, jwksURI), &oidc.Config{ClientID: audience})), nil
}

func goOIDCWithProvider(ctx context.Context) (verify, error) {
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return nil, err
	}
	return goOIDC(provider.Verifier(&oidc.Config{ClientID: audience})), nil
}

func lestrrat(ctx context.Context) (verify, error) {
	cache, err := jwk.NewCache(ctx, httprc.NewClient())
	if err != nil {
		return nil, err
	}
	if err := cache.Register(ctx, jwksURI); err != nil {
		return nil, err
	}
	keys, err := cache.CachedSet(jwksURI)
	if err != nil {
		return nil, err
	}
	return func(token string) error {
		_, err := jwx.Parse([]byte(token), jwx.WithKeySet(keys), jwx.WithIssuer(issuer), jwx.WithAudience(audience))
		return err
	}, nil
}

func main() {
	libraries := map[string]verify{
		"golang-jwt with keyfunc":          once(golangJWT),
		"go-oidc with `NewVerifier`":       once(goOIDCWithKeys),
		"go-oidc with `NewProvider`":       once(goOIDCWithProvider),
		"lestrrat-go/jwx with `jwk.Cache`": once(lestrrat),
	}
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var asked struct{ Tokens map[string]string }
		if err := in.Decode(&asked); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		answer := map[string]map[string]*string{}
		for name, verify := range libraries {
			answer[name] = map[string]*string{}
			for what, token := range asked.Tokens {
				answer[name][what] = nil
				if err := verify(token); err != nil {
					why := err.Error()
					answer[name][what] = &why
				}
			}
		}
		if err := out.Encode(answer); err != nil {
			log.Fatal(err)
		}
	}
}
