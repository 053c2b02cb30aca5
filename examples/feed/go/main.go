package main

import (
	"bufio"
	"errors"
	"fmt"
	"log"
	"os"
	"time"
)

// Reads one token per line and prints the result for each.
func main() {
	staleAfter, err := time.ParseDuration(or("AUTHFLOW_STALE_AFTER", "45") + "s")
	if err != nil || staleAfter <= 0 {
		log.Fatal("AUTHFLOW_STALE_AFTER takes seconds")
	}
	authflow := &Authflow{
		URL:             or("AUTHFLOW_URL", "http://localhost:8080"),
		Issuer:          or("AUTHFLOW_ISSUER", "authflow-go"),
		ClientID:        os.Getenv("AUTHFLOW_CLIENT_ID"),
		ClientSecret:    os.Getenv("AUTHFLOW_CLIENT_SECRET"),
		StaleAfter:      staleAfter,
		AcceptWhenStale: os.Getenv("AUTHFLOW_WHEN_STALE") == "open",
	}
	go authflow.Follow()
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		claims, err := authflow.Verify(lines.Text())
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

func or(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}
