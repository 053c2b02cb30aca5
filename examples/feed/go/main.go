package main

import (
	"bufio"
	"errors"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"
)

// Reads one token per line and prints the result for each.
func main() {
	authflow := &Authflow{
		URL:             or("AUTHFLOW_URL", "http://localhost:8080"),
		Issuer:          or("AUTHFLOW_ISSUER", "authflow-go"),
		Audience:        os.Getenv("AUTHFLOW_AUDIENCE"),
		ClientID:        os.Getenv("AUTHFLOW_CLIENT_ID"),
		ClientSecret:    os.Getenv("AUTHFLOW_CLIENT_SECRET"),
		StaleAfter:      seconds("AUTHFLOW_STALE_AFTER", 45),
		RefetchAfter:    seconds("AUTHFLOW_REFETCH_AFTER", 5),
		ReconnectWithin: seconds("AUTHFLOW_RECONNECT_WITHIN", 5),
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

func seconds(name string, fallback int) time.Duration {
	value, err := time.ParseDuration(or(name, strconv.Itoa(fallback)) + "s")
	if err != nil || value <= 0 {
		log.Fatal(name + " takes seconds")
	}
	return value
}

func or(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}
