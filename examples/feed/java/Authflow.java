import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.RSAPublicKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;

/** Reads one token per line and prints the result for each. */
class Main {
    public static void main(String[] args) throws Exception {
        var authflow = new Authflow(System.getenv());
        authflow.start();
        var lines = new BufferedReader(new InputStreamReader(System.in));
        for (String token; (token = lines.readLine()) != null;) {
            try {
                System.out.println("ok " + authflow.verify(token).get("sub"));
            } catch (Authflow.Unknown error) {
                System.out.println("unknown " + error.getMessage());
            } catch (Exception error) {
                System.out.println("refused " + error.getMessage());
            }
        }
    }
}

/** Verifies Authflow's tokens and follows its feed, with nothing but the JDK. One instance serves all threads. */
class Authflow {
    /** It is unknown whether the token is valid: answer your caller 503. Any other exception of verify(): 401. */
    static class Unknown extends Exception {
        Unknown(String message) { super(message); }
    }

    private static final long KEEP_KEYS = 300_000, LONG_AGO = Long.MIN_VALUE / 2;
    private static final int TIMEOUT = 5_000, RETRY_REFUSED = 30_000;

    private final String url, issuer, audience, client;
    private final int staleAfter, refetchAfter, retryFirst, retryLast;
    private final boolean acceptWhenStale;

    Authflow(Map<String, String> env) {
        url = env.getOrDefault("AUTHFLOW_URL", "http://localhost:8080");
        issuer = env.getOrDefault("AUTHFLOW_ISSUER", "authflow-go");
        audience = env.get("AUTHFLOW_AUDIENCE"); // your name in the claim aud, if you have one
        client = env.get("AUTHFLOW_CLIENT_ID") + ":" + env.get("AUTHFLOW_CLIENT_SECRET");
        staleAfter = milliseconds(env.getOrDefault("AUTHFLOW_STALE_AFTER", "45"));
        refetchAfter = milliseconds(env.getOrDefault("AUTHFLOW_REFETCH_AFTER", "5"));
        retryLast = milliseconds(env.getOrDefault("AUTHFLOW_RECONNECT_WITHIN", "5"));
        retryFirst = retryLast / 25;
        acceptWhenStale = "open".equals(env.get("AUTHFLOW_WHEN_STALE"));
    }

    private static int milliseconds(String seconds) { return (int) Math.round(1000 * Double.parseDouble(seconds)); }

    /** The claims of a token that Authflow signed, that has not expired and that was not revoked. Makes no call. */
    Map<?, ?> verify(String token) throws Exception {
        String[] parts = token.split("\\.", -1);
        require(parts.length == 3 && token.length() <= 8192, "this is not a JWT of Authflow's");
        var header = (Map<?, ?>) Json.parse(text(parts[0]));
        require("JWT".equals(header.get("typ")) || "at+jwt".equals(header.get("typ")), "this is not an access token");
        require(!header.containsKey("crit"), "the token has a critical extension");
        var key = key(header.get("kid"));
        // A key verifies its own algorithm only, whatever the token's header says.
        require(key.algorithm.equals(header.get("alg")), "the algorithm is not the key's");
        var signature = Signature.getInstance(SIGNATURES.get(key.algorithm));
        signature.initVerify(key.key);
        signature.update((parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII));
        require(signature.verify(bytes(parts[2])), "the signature is wrong");
        var claims = (Map<?, ?>) Json.parse(text(parts[1]));
        require(issuer.equals(claims.get("iss")), "the token has another issuer");
        long now = System.currentTimeMillis() / 1000;
        require(claims.get("exp") instanceof Number exp && now < exp.longValue(), "the token has expired");
        require(claims.get("iat") instanceof Number, "the token lacks iat");
        require(claims.get("sub") instanceof String, "the token lacks sub");
        require(claims.get("jti") instanceof String, "the token lacks jti");
        Object aud = claims.get("aud");
        require(aud == null || aud.equals(audience) || (aud instanceof List<?> names && names.contains(audience)),
            "the token is for " + aud + ": set AUTHFLOW_AUDIENCE if that is you");
        require(!revoked.ends(claims, header.get("kid")), "the token was revoked");
        if (!isFresh() && !acceptWhenStale) throw new Unknown("the revocation state is unknown");
        return claims;
    }

    /** Whether the known revocations are up to date: use it in your readiness check. */
    boolean isFresh() { return clock() - heard < staleAfter; }

    // An unknown kid fetches the keys, at most once in refetchAfter; requests that wait share one fetch.
    private record Key(String algorithm, PublicKey key) {}
    private static final Map<String, String> SIGNATURES =
        Map.of("RS256", "SHA256withRSA", "ES256", "SHA256withECDSAinP1363Format", "EdDSA", "Ed25519");
    private volatile Map<Object, Key> keys = Map.of();
    private volatile long fetched = LONG_AGO;
    private volatile boolean fetchFailed;
    private long asked = LONG_AGO;

    private Key key(Object kid) throws Exception {
        require(kid instanceof String, "the token names no key");
        if (!keys.containsKey(kid)) refreshKeys();
        var key = keys.get(kid);
        if (key == null && fetchFailed) throw new Unknown("the keys can't be fetched");
        require(key != null, "no key has the token's kid");
        return key;
    }

    private synchronized void refreshKeys() {
        if (clock() - asked < refetchAfter) return;
        try {
            keys = fetchKeys();
            fetched = clock();
            fetchFailed = false;
        } catch (Exception error) {
            fetchFailed = true;
            log("the keys can't be fetched: " + error.getMessage());
        }
        asked = clock();
    }

    private Map<Object, Key> fetchKeys() throws Exception {
        var connection = open("/.well-known/jwks.json", TIMEOUT);
        if (connection.getResponseCode() != 200) throw new IOException("status " + connection.getResponseCode());
        String document;
        try (var body = connection.getInputStream()) {
            document = new String(body.readAllBytes(), StandardCharsets.UTF_8);
        }
        var found = new HashMap<Object, Key>();
        for (Object each : (List<?>) ((Map<?, ?>) Json.parse(document)).get("keys")) {
            var jwk = (Map<?, ?>) each;
            if (!(jwk.get("alg") instanceof String algorithm)) continue;
            var key = switch (algorithm) {
                case "RS256" -> KeyFactory.getInstance("RSA")
                    .generatePublic(new RSAPublicKeySpec(number(jwk.get("n")), number(jwk.get("e"))));
                // Their SubjectPublicKeyInfo differs from key to key only in the point at its end (RFC 5480, RFC 8410).
                case "ES256" -> spki("EC", "3059301306072a8648ce3d020106082a8648ce3d030107034200" + "04"
                    + hex(jwk.get("x")) + hex(jwk.get("y")));
                case "EdDSA" -> spki("Ed25519", "302a300506032b6570032100" + hex(jwk.get("x")));
                default -> null;
            };
            if (key != null) found.put(jwk.get("kid"), new Key(algorithm, key));
        }
        return found;
    }

    // The feed.
    private volatile Revocations revoked = new Revocations();
    /** After a reset: the snapshot, which replaces `revoked` when it is complete. */
    private Revocations rebuilt;
    /** Whether this connection has received all events from before it. */
    private boolean caughtUp;
    /** When the data was last up to date. */
    private volatile long heard = LONG_AGO;
    private String lastEventId;

    /** Subscribes to the feed, for as long as the process lives. */
    void start() {
        inBackground(this::follow);
    }

    private void follow() {
        for (int longest = 2 * retryFirst; ;) {
            int pause = 0;
            try {
                pause = listen();
                log("the revocation feed ended");
            } catch (Exception error) {
                log("the revocation feed is lost: " + error.getMessage());
            }
            longest = caughtUp ? 2 * retryFirst : Math.min(2 * longest, retryLast);
            if (pause == 0) pause = ThreadLocalRandom.current().nextInt(retryFirst, longest);
            try {
                Thread.sleep(pause);
            } catch (InterruptedException error) {
                return;
            }
        }
    }

    /** One connection to the feed, until it ends. Returns how long to wait before the next, if that is prescribed. */
    private int listen() throws Exception {
        caughtUp = false;
        rebuilt = null;
        // A dead connection is closed early enough to open another before the data is stale.
        int silence = staleAfter * 2 / 3;
        var connection = open("/revocations/stream", silence);
        String credentials = Base64.getEncoder().encodeToString(client.getBytes(StandardCharsets.UTF_8));
        connection.setRequestProperty("Authorization", "Basic " + credentials);
        if (lastEventId != null) connection.setRequestProperty("Last-Event-ID", lastEventId);
        try {
            int status = connection.getResponseCode();
            if (status == 401) {
                log("the revocation feed is lost: AUTHFLOW_CLIENT_ID or AUTHFLOW_CLIENT_SECRET is wrong");
                return RETRY_REFUSED;
            }
            if (status != 200) throw new IOException("status " + status + description(connection));
            var lines = new BufferedReader(new InputStreamReader(connection.getInputStream(), StandardCharsets.UTF_8));
            var fields = new HashMap<String, String>();
            long received = clock();
            for (String line; (line = lines.readLine()) != null;) {
                if (!line.isEmpty()) {
                    int colon = line.indexOf(':');
                    String value = colon < 0 ? "" : line.substring(colon + 1);
                    fields.put(colon < 0 ? line : line.substring(0, colon), value.replaceFirst("^ ", ""));
                } else {
                    if (take(fields.getOrDefault("event", ""), fields.get("data"))) received = clock();
                    if (fields.containsKey("id")) lastEventId = fields.get("id");
                    fields.clear();
                }
                if (clock() - received > silence) throw new IOException("it is silent");
            }
            return 0;
        } finally {
            connection.disconnect();
        }
    }

    private static String description(HttpURLConnection connection) {
        try (var body = connection.getErrorStream()) {
            var answer = (Map<?, ?>) Json.parse(new String(body.readAllBytes(), StandardCharsets.UTF_8));
            return answer.get("error_description") instanceof String why ? " " + why : "";
        } catch (Exception error) {
            return "";
        }
    }

    /** Takes one event. False: an event of a later version. */
    private boolean take(String event, String data) {
        switch (event) {
            case "reset" -> {
                rebuilt = new Revocations();
                caughtUp = false;
            }
            case "revoked" -> {
                for (Object each : (List<?>) Json.parse(data)) {
                    var entry = (Map<?, ?>) each;
                    add("jti", entry.get("jti"), Long.MAX_VALUE, entry);
                }
            }
            case "issued_before" -> {
                for (Object each : (List<?>) Json.parse(data)) {
                    var entry = (Map<?, ?>) each;
                    long before = ((Number) entry.get("issued_before")).longValue();
                    for (String scope : List.of("sub", "sid", "client_id", "kid")) {
                        if (!entry.containsKey(scope)) continue;
                        if (scope.equals("kid")) before = Long.MAX_VALUE;
                        var client = entry.get("issued_to");
                        add(client == null ? scope : "client_" + scope + ":" + client, entry.get(scope), before, entry);
                    }
                }
            }
            case "current" -> {
                if (rebuilt != null) revoked = rebuilt;
                rebuilt = null;
                caughtUp = true;
                log("the revocation feed is up to date");
            }
            case "heartbeat" -> { }
            default -> { return false; }
        }
        // Not while catching up: events that are still to come may be hours old.
        if (caughtUp) heard = clock();
        if (event.equals("current") || event.equals("heartbeat")) {
            revoked.dropExpired();
            if (clock() - fetched > KEEP_KEYS) inBackground(this::refreshKeys);
        }
        return true;
    }

    private void add(String scope, Object value, long before, Map<?, ?> entry) {
        long exp = ((Number) entry.get("exp")).longValue();
        revoked.add(scope + ":" + value, before, exp);
        if (rebuilt != null) rebuilt.add(scope + ":" + value, before, exp);
    }

    private HttpURLConnection open(String path, int timeout) throws IOException {
        var connection = (HttpURLConnection) new URL(url + path).openConnection();
        connection.setConnectTimeout(timeout);
        connection.setReadTimeout(timeout);
        connection.setInstanceFollowRedirects(false);
        connection.setUseCaches(false);
        return connection;
    }

    private volatile String logged;
    private void log(String message) {
        if (!message.equals(logged)) System.err.println("authflow: " + message);
        logged = message;
    }

    private static void inBackground(Runnable task) {
        var thread = new Thread(task, "authflow");
        thread.setDaemon(true);
        thread.start();
    }
    private static void require(boolean holds, String otherwise) throws GeneralSecurityException {
        if (!holds) throw new GeneralSecurityException(otherwise);
    }
    /** Milliseconds of a clock that is never set. */
    private static long clock() { return System.nanoTime() / 1_000_000; }
    private static byte[] bytes(String base64url) { return Base64.getUrlDecoder().decode(base64url); }
    private static String text(String base64url) { return new String(bytes(base64url), StandardCharsets.UTF_8); }
    private static BigInteger number(Object base64url) { return new BigInteger(1, bytes((String) base64url)); }
    private static String hex(Object base64url) { return HexFormat.of().formatHex(bytes((String) base64url)); }
    private static PublicKey spki(String algorithm, String hex) throws GeneralSecurityException {
        return KeyFactory.getInstance(algorithm).generatePublic(new X509EncodedKeySpec(HexFormat.of().parseHex(hex)));
    }
}

/**
 * What is revoked, by name: jti:…, sub:…, sid:…, client_id:…, client_sub:<client_id>:<sub>, client_sid:…, kid:…. One
 * thread writes.
 */
class Revocations {
    private static final Pattern UUIDV7 = Pattern.compile(
        "([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", Pattern.CASE_INSENSITIVE);

    /** Tokens issued before an instant (epoch ms) are revoked; the entry expires at exp (epoch s). */
    private record Entry(long before, long exp) {}
    private final Map<String, Entry> entries = new ConcurrentHashMap<>();
    /** Minute → the names whose entries expire by then. */
    private final Map<Long, List<String>> expiring = new HashMap<>();

    void add(String name, long before, long exp) {
        var known = entries.getOrDefault(name, new Entry(Long.MIN_VALUE, Long.MIN_VALUE));
        entries.put(name, new Entry(Math.max(before, known.before), Math.max(exp, known.exp)));
        // One minute later than needed.
        if (exp > known.exp) expiring.computeIfAbsent(exp / 60 + 2, minute -> new ArrayList<>()).add(name);
    }

    boolean ends(Map<?, ?> claims, Object kid) {
        // When the token was issued: to the millisecond by a UUIDv7 jti that agrees with iat, else at iat.
        long issued = ((Number) claims.get("iat")).longValue(), issuedAt = issued * 1000;
        var uuid = UUIDV7.matcher((String) claims.get("jti"));
        if (uuid.matches()) {
            long instant = Long.parseLong(uuid.group(1) + uuid.group(2), 16);
            if (instant / 1000 == issued) issuedAt = instant;
        }
        return ended("jti:" + claims.get("jti"), issuedAt) || ended("sub:" + claims.get("sub"), issuedAt)
            || ended("client_id:" + claims.get("client_id"), issuedAt)
            || ended("client_sub:" + claims.get("client_id") + ":" + claims.get("sub"), issuedAt)
            || (claims.containsKey("sid") && (ended("sid:" + claims.get("sid"), issuedAt)
                || ended("client_sid:" + claims.get("client_id") + ":" + claims.get("sid"), issuedAt)))
            || ended("kid:" + kid, issuedAt);
    }

    private boolean ended(String name, long issuedAt) {
        var entry = entries.get(name);
        return entry != null && issuedAt < entry.before;
    }

    /** Drops whole minutes: entries that stay cost nothing. */
    void dropExpired() {
        long now = System.currentTimeMillis() / 1000;
        expiring.entrySet().removeIf(minute -> {
            if (minute.getKey() * 60 > now) return false;
            for (String name : minute.getValue()) {
                entries.computeIfPresent(name, (same, entry) -> entry.exp <= now ? null : entry);
            }
            return true;
        });
    }
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
