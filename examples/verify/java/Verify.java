import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.RSAPublicKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;

/** Reads one token a line, `live <token>` for the live check too, and says what it thinks of each. */
public class Verify {
    public static void main(String[] args) throws Exception {
        var env = System.getenv();
        var authflow = new TokenVerifier(
            env.getOrDefault("AUTHFLOW_URL", "http://localhost:8080"),
            env.getOrDefault("AUTHFLOW_ISSUER", "authflow-go"),
            env.get("AUTHFLOW_AUDIENCE"),
            Duration.ofMillis((long) (1000 * Double.parseDouble(env.getOrDefault("AUTHFLOW_REFETCH_AFTER", "5")))));
        var lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = lines.readLine()) != null;) {
            String token = line.replaceFirst("^live ", "");
            try {
                var claims = authflow.verify(token);
                if (line.startsWith("live ") && !authflow.isLive(token)) throw new SecurityException("revoked");
                System.out.println("ok " + claims.get("sub"));
            } catch (Unknown error) {
                System.out.println("unknown " + error.getMessage());
            } catch (Exception error) {
                System.out.println("refused " + error.getMessage());
            }
        }
    }
}

/** It is unknown whether the token is valid: answer your caller 503. Any other exception: 401. */
class Unknown extends Exception {
    Unknown(String message) { super(message); }
}

/** Verifies Authflow's tokens with nothing but the JDK. One instance serves all threads. */
class TokenVerifier {
    private static final Duration KEEP_KEYS = Duration.ofMinutes(5), TIMEOUT = Duration.ofSeconds(5);

    private final HttpClient http = HttpClient.newBuilder().connectTimeout(TIMEOUT).build();
    private final String url, issuer, audience;
    private final Duration refetchAfter;
    private Map<String, PublicKey> keys = Map.of();
    private Instant fetched = Instant.EPOCH;

    /**
     * `audience`: your name in the claim aud, or null. `refetchAfter`: an unknown kid fetches the keys again, but not
     * more often than this.
     */
    TokenVerifier(String url, String issuer, String audience, Duration refetchAfter) {
        this.url = url;
        this.issuer = issuer;
        this.audience = audience;
        this.refetchAfter = refetchAfter;
    }

    /** The claims of a token that Authflow signed and that has not expired. */
    Map<?, ?> verify(String token) throws Exception {
        String[] parts = token.split("\\.", -1);
        require(parts.length == 3 && token.length() <= 8192, "this is not a JWT of Authflow's");
        var header = (Map<?, ?>) Json.parse(text(parts[0]));
        require("RS256".equals(header.get("alg")), "the algorithm is not RS256");
        require(!header.containsKey("crit"), "the token has a critical extension");
        var signature = Signature.getInstance("SHA256withRSA");
        signature.initVerify(key(header.get("kid")));
        signature.update((parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII));
        require(signature.verify(bytes(parts[2])), "the signature is wrong");
        var claims = (Map<?, ?>) Json.parse(text(parts[1]));
        require(issuer.equals(claims.get("iss")), "the token has another issuer");
        long now = Instant.now().getEpochSecond();
        require(claims.get("exp") instanceof Number exp && now < exp.longValue(), "the token has expired");
        require(claims.get("sub") instanceof String, "the token lacks sub");
        require(claims.get("jti") instanceof String, "the token lacks jti");
        Object aud = claims.get("aud");
        require(aud == null || aud.equals(audience) || (aud instanceof List<?> names && names.contains(audience)),
            "the token is for " + aud + ": set AUTHFLOW_AUDIENCE if that is you");
        return claims;
    }

    /** Whether the token was not revoked. Throws Unknown if Authflow can't say it. */
    boolean isLive(String token) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(url + "/userinfo")).timeout(TIMEOUT);
        int status = send(request.header("Authorization", "Bearer " + token).build()).statusCode();
        if (status == 200) return true;
        if (status == 401) return false;
        throw new Unknown("the live check failed with status " + status);
    }

    private HttpResponse<String> send(HttpRequest request) throws Exception {
        try {
            return http.send(request, BodyHandlers.ofString());
        } catch (IOException error) {
            throw new Unknown("Authflow can't be reached: " + error);
        }
    }

    private synchronized PublicKey key(Object kid) throws Exception {
        var age = Duration.between(fetched, Instant.now());
        if (age.compareTo(KEEP_KEYS) > 0 || (!keys.containsKey(kid) && age.compareTo(refetchAfter) > 0)) fetch();
        require(kid != null && keys.containsKey(kid), "no key has the token's kid");
        return keys.get(kid);
    }

    private void fetch() throws Exception {
        var request = HttpRequest.newBuilder(URI.create(url + "/.well-known/jwks.json")).timeout(TIMEOUT).build();
        var response = send(request);
        int status = response.statusCode();
        if (status != 200) throw new Unknown("Authflow's keys can't be fetched: status " + status);
        var found = new HashMap<String, PublicKey>();
        for (Object each : (List<?>) ((Map<?, ?>) Json.parse(response.body())).get("keys")) {
            var jwk = (Map<?, ?>) each;
            if (!"RSA".equals(jwk.get("kty"))) continue;
            var spec = new RSAPublicKeySpec(number(jwk.get("n")), number(jwk.get("e")));
            found.put((String) jwk.get("kid"), KeyFactory.getInstance("RSA").generatePublic(spec));
        }
        keys = found;
        fetched = Instant.now();
    }

    private static void require(boolean holds, String otherwise) throws GeneralSecurityException {
        if (!holds) throw new GeneralSecurityException(otherwise);
    }
    private static byte[] bytes(String base64url) { return Base64.getUrlDecoder().decode(base64url); }
    private static String text(String base64url) { return new String(bytes(base64url), StandardCharsets.UTF_8); }
    private static BigInteger number(Object base64url) { return new BigInteger(1, bytes((String) base64url)); }
}

/** The JDK reads no JSON. Where your service has a library for it (Jackson, Gson), use that in place of this class. */
class Json {
    private final String text;
    private int at;

    private Json(String text) { this.text = text; }

    /** Objects become Maps, arrays Lists, numbers Doubles. */
    static Object parse(String text) {
        var json = new Json(text);
        var value = json.value();
        if (json.peek() != '\0') throw json.error();
        return value;
    }

    private Object value() {
        switch (peek()) {
            case '{': {
                var members = new HashMap<String, Object>();
                for (at++; !took('}'); separator('}')) {
                    peek();
                    String name = string();
                    if (!took(':') || members.containsKey(name)) throw error();
                    members.put(name, value());
                }
                return members;
            }
            case '[': {
                var items = new ArrayList<Object>();
                for (at++; !took(']'); separator(']')) items.add(value());
                return items;
            }
            case '"': return string();
            default: return literal();
        }
    }

    private String string() {
        if (peek() != '"') throw error();
        var out = new StringBuilder();
        for (at++; ; at++) {
            if (at >= text.length() || text.charAt(at) < ' ') throw error();
            char c = text.charAt(at);
            if (c == '"') { at++; return out.toString(); }
            if (c != '\\') { out.append(c); continue; }
            int escape = at + 1 < text.length() ? "\"\\/bfnrtu".indexOf(text.charAt(++at)) : -1;
            if (escape < 0) throw error();
            if (escape < 8) { out.append("\"\\/\b\f\n\r\t".charAt(escape)); continue; }
            out.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16));
            at += 4;
        }
    }

    private Object literal() {
        int start = at;
        while (at < text.length() && "{}[],:\" \t\r\n".indexOf(text.charAt(at)) < 0) at++;
        return switch (text.substring(start, at)) {
            case "true" -> true;
            case "false" -> false;
            case "null" -> null;
            default -> Double.valueOf(text.substring(start, at));
        };
    }

    private void separator(char end) { if (!took(',') && peek() != end) throw error(); }
    private boolean took(char c) { boolean there = peek() == c; if (there) at++; return there; }
    private char peek() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
        return at < text.length() ? text.charAt(at) : '\0';
    }
    private IllegalArgumentException error() { return new IllegalArgumentException("this is not JSON"); }
}
