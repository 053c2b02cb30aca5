package main

import (
	"bufio"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"time"
)

// Reads one token a line, `live <token>` for the live check too, and says what it thinks of each.
func main() {
	refetchAfter, err := time.ParseDuration(or(os.Getenv("AUTHFLOW_REFETCH_AFTER"), "5") + "s")
	if err != nil {
		log.Fatal("AUTHFLOW_REFETCH_AFTER takes seconds")
	}
	verifier := &Verifier{
		URL:          or(os.Getenv("AUTHFLOW_URL"), "http://localhost:8080"),
		Issuer:       or(os.Getenv("AUTHFLOW_ISSUER"), "authflow-go"),
		Audience:     os.Getenv("AUTHFLOW_AUDIENCE"),
		RefetchAfter: refetchAfter,
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		token := strings.TrimPrefix(lines.Text(), "live ")
		claims, err := verifier.Verify(token)
		if err == nil && token != lines.Text() {
			var live bool
			if live, err = verifier.IsLive(token); err == nil && !live {
				err = fmt.Errorf("revoked")
			}
		}
		switch {
		case errors.Is(err, ErrUnknown):
			fmt.Println("unknown", err)
		case err != nil:
			fmt.Println("refused", err)
		default:
			fmt.Println("ok", claims["sub"])
		}
	}
}

func or(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}
