// A web application where people log in, the API that it calls in their name, and a service with tokens of its own.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

var (
	authflow = os.Getenv("AUTHFLOW_URL")
	appURL   = os.Getenv("APP_URL")
	apiURL   = os.Getenv("API_URL")
	clientID = os.Getenv("AUTHFLOW_CLIENT_ID")
	secret   = os.Getenv("AUTHFLOW_CLIENT_SECRET")
)

func main() {
	ctx := context.Background()
	provider, err := oidc.NewProvider(ctx, authflow)
	if err != nil {
		log.Fatal(err)
	}
	shop := &shop{
		config: oauth2.Config{
			ClientID: clientID, ClientSecret: secret, Endpoint: provider.Endpoint(), RedirectURL: appURL + "/callback",
			Scopes: []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess},
		},
		provider: provider,
		idTokens: provider.Verifier(&oidc.Config{ClientID: clientID}),
		users:    map[string]*user{},
	}
	service := clientcredentials.Config{
		ClientID: clientID, ClientSecret: secret, TokenURL: provider.Endpoint().TokenURL, Scopes: []string{"orders:read"},
		EndpointParams: map[string][]string{"resource": {apiURL}},
	}
	http.HandleFunc("GET /login", shop.login)
	http.HandleFunc("GET /callback", shop.callback)
	http.HandleFunc("GET /{$}", shop.home)
	http.HandleFunc("GET /orders", shop.orders)
	http.HandleFunc("POST /logout", shop.logout)
	http.Handle("GET /api/orders", protect(provider.Verifier(&oidc.Config{ClientID: apiURL}), apiOrders))
	http.HandleFunc("GET /report", func(w http.ResponseWriter, r *http.Request) {
		forward(w, service.Client(r.Context())) // it fetches another token when the old one has expired
	})
	log.Fatal(http.ListenAndServe(os.Getenv("LISTEN"), nil))
}

// --- The web application

type user struct {
	Sub   string `json:"sub"`
	Name  string `json:"name"`
	Email string `json:"email"`
	// It refreshes the access token when it has expired. To keep the refresh token in a database, wrap it.
	tokens oauth2.TokenSource
}

type shop struct {
	config   oauth2.Config
	provider *oidc.Provider
	idTokens *oidc.IDTokenVerifier
	mutex    sync.Mutex
	users    map[string]*user // by the session's cookie
}

// A login in progress belongs to the browser that began it: one cookie for each secret of it.
func (s *shop) login(w http.ResponseWriter, r *http.Request) {
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	setCookie(w, "state", state, 600)
	setCookie(w, "nonce", nonce, 600)
	setCookie(w, "verifier", verifier, 600)
	http.Redirect(w, r, s.config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier),
		oauth2.SetAuthURLParam("resource", apiURL)), http.StatusFound)
}

func (s *shop) callback(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if state := cookie(r, "state"); state == "" || query.Get("state") != state {
		http.Error(w, "this login was begun in another browser", http.StatusBadRequest)
		return
	}
	if query.Has("error") { // access_denied, for instance
		http.Error(w, query.Get("error")+": "+query.Get("error_description"), http.StatusForbidden)
		return
	}
	token, err := s.config.Exchange(r.Context(), query.Get("code"), oauth2.VerifierOption(cookie(r, "verifier")))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	raw, _ := token.Extra("id_token").(string)
	idToken, err := s.idTokens.Verify(r.Context(), raw)
	if err != nil || idToken.Nonce != cookie(r, "nonce") || idToken.VerifyAccessToken(token.AccessToken) != nil {
		http.Error(w, "the ID token is not for this login", http.StatusBadGateway)
		return
	}
	// Not the request's context: the source lives longer.
	u := &user{tokens: s.config.TokenSource(context.Background(), token)}
	// Name and email; the ID token says who it is.
	info, err := s.provider.UserInfo(r.Context(), oauth2.StaticTokenSource(token))
	if err != nil || info.Subject != idToken.Subject || info.Claims(u) != nil {
		http.Error(w, "userinfo is not about this user", http.StatusBadGateway)
		return
	}
	session := rand.Text()
	s.mutex.Lock()
	s.users[session] = u
	s.mutex.Unlock()
	setCookie(w, "session", session, 0)
	http.Redirect(w, r, "/", http.StatusFound)
}

func (s *shop) current(r *http.Request) *user {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.users[cookie(r, "session")]
}

func (s *shop) home(w http.ResponseWriter, r *http.Request) {
	if u := s.current(r); u != nil {
		answer(w, u)
	} else {
		http.Redirect(w, r, "/login", http.StatusFound)
	}
}

func (s *shop) orders(w http.ResponseWriter, r *http.Request) {
	u := s.current(r)
	if u == nil {
		http.Redirect(w, r, "/login", http.StatusFound)
		return
	}
	if _, err := u.tokens.Token(); err != nil { // the refresh token has ended: a logout, or its lifetime
		http.Redirect(w, r, "/login", http.StatusFound)
		return
	}
	forward(w, oauth2.NewClient(r.Context(), u.tokens))
}

// It ends the session at Authflow too: otherwise the next login needs no page.
func (s *shop) logout(w http.ResponseWriter, r *http.Request) {
	if u := s.current(r); u != nil {
		response, err := oauth2.NewClient(r.Context(), u.tokens).
			Post(authflow+"/logout", "application/json", strings.NewReader(`{"session": true}`))
		if err == nil {
			response.Body.Close()
		}
		var refused *oauth2.RetrieveError
		ended := errors.As(err, &refused) && refused.ErrorCode == "invalid_grant" || err == nil && response.StatusCode == 401
		if !ended && (err != nil || response.StatusCode != 200) {
			http.Error(w, "the logout failed: try again", http.StatusBadGateway)
			return
		}
	}
	s.mutex.Lock()
	delete(s.users, cookie(r, "session"))
	s.mutex.Unlock()
	setCookie(w, "session", "", -1)
	io.WriteString(w, "You are logged out.\n")
}

func setCookie(w http.ResponseWriter, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: seconds, HttpOnly: true, Secure: appURL[:6] == "https:",
		SameSite: http.SameSiteLaxMode,
	})
}

func cookie(r *http.Request, name string) string {
	if c, err := r.Cookie(name); err == nil {
		return c.Value
	}
	return ""
}

func forward(w http.ResponseWriter, client *http.Client) {
	response, err := client.Get(apiURL)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	w.WriteHeader(response.StatusCode)
	io.Copy(w, response.Body)
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(body)
}

// --- The API: it takes the access tokens that are for it, and makes no call once it has the keys.

type claims struct {
	Sub   string `json:"sub"`
	Scope string `json:"scope"`
	ID    string `json:"jti"`
}

func protect(tokens *oidc.IDTokenVerifier, next func(http.ResponseWriter, claims)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		const scheme = "Bearer "
		header := r.Header.Get("Authorization")
		if len(header) < len(scheme) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		token, err := tokens.Verify(r.Context(), header[len(scheme):])
		var c claims
		if err == nil {
			err = token.Claims(&c)
		}
		if err != nil {
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		next(w, c)
	})
}

func apiOrders(w http.ResponseWriter, c claims) {
	answer(w, map[string]string{"orders_of": c.Sub, "scope": c.Scope, "token": c.ID})
}
