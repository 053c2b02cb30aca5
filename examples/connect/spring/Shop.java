package com.example;

import static org.springframework.security.config.Customizer.withDefaults;

import java.net.URI;
import java.util.Map;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.core.annotation.Order;
import org.springframework.http.ResponseEntity;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.client.ClientAuthorizationException;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClient;
import org.springframework.security.oauth2.client.annotation.RegisteredOAuth2AuthorizedClient;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.client.RestClient;

@SpringBootApplication
@RestController
public class Shop {
  @Value("${API_URL}")
  private String apiUrl;

  public static void main(String[] args) {
    SpringApplication.run(Shop.class, args);
  }

  /** The API: it takes the access tokens that are for it. */
  @Bean
  @Order(1)
  SecurityFilterChain api(HttpSecurity http) throws Exception {
    return http.securityMatcher("/api/**").authorizeHttpRequests(all -> all.anyRequest().authenticated())
        .oauth2ResourceServer(server -> server.jwt(withDefaults())).build();
  }

  /** The web application: people log in. */
  @Bean
  SecurityFilterChain web(HttpSecurity http) throws Exception {
    return http
        .authorizeHttpRequests(all -> all.requestMatchers("/logged-out").permitAll().anyRequest().authenticated())
        // Otherwise who goes back from the login, or logs out, would be led to it again.
        .oauth2Login(login -> login.loginPage("/oauth2/authorization/authflow").failureUrl("/logged-out"))
        .logout(logout -> logout.logoutSuccessUrl("/logged-out")).oauth2Client(withDefaults()).build();
  }

  @GetMapping("/logged-out")
  String loggedOut() {
    return "You are not logged in";
  }

  @GetMapping("/")
  Map<String, Object> home(@AuthenticationPrincipal OidcUser user) {
    return Map.of("sub", user.getSubject(), "name", user.getFullName(), "email", user.getEmail());
  }

  /** Refreshes the access token when it has expired, or will within a minute. */
  @GetMapping("/orders")
  String orders(@RegisteredOAuth2AuthorizedClient("authflow") OAuth2AuthorizedClient client) {
    return call(client);
  }

  /** The refresh token has ended: a logout, or its lifetime. */
  @ExceptionHandler(ClientAuthorizationException.class)
  ResponseEntity<Void> logInAgain() {
    return ResponseEntity.status(302).location(URI.create("/oauth2/authorization/authflow")).build();
  }

  /** A service calls the API with a token of its own. */
  @GetMapping("/report")
  String report(@RegisteredOAuth2AuthorizedClient("service") OAuth2AuthorizedClient client) {
    return call(client);
  }

  private String call(OAuth2AuthorizedClient client) {
    return RestClient.create().get().uri(apiUrl)
        .headers(headers -> headers.setBearerAuth(client.getAccessToken().getTokenValue()))
        .retrieve().body(String.class);
  }

  @GetMapping("/api/orders")
  Map<String, Object> apiOrders(@AuthenticationPrincipal Jwt token) {
    var scope = token.hasClaim("scope") ? token.getClaimAsString("scope") : "";
    return Map.of("orders_of", token.getSubject(), "scope", scope, "token", token.getId());
  }
}
