import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.JSONObjectUtils;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jose4j.jwa.AlgorithmConstraints.ConstraintType;
import org.jose4j.jwk.HttpsJwks;
import org.jose4j.jwt.consumer.JwtConsumerBuilder;
import org.jose4j.keys.resolvers.HttpsJwksVerificationKeyResolver;
import org.springframework.security.oauth2.jwt.JwtAudienceValidator;
import org.springframework.security.oauth2.jwt.JwtDecoders;
import org.springframework.security.oauth2.jwt.JwtIssuerValidator;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;

/** Libraries for Java, set up as their own documentation says; ../README.md has what it reads and prints. */
class Main {
  interface Verify {
    void verify(String token) throws Exception;
  }

  static final String JWKS_URI = System.getenv("JWKS_URI");
  static final String ISSUER = System.getenv("ISSUER");
  static final String AUDIENCE = System.getenv("AUDIENCE");

  /** A verifier that is set up when it gets its first token, or refuses all if it can't be. */
  static Verify once(Callable<Verify> create) {
    Verify[] created = {null};
    return token -> {
      if (created[0] == null) created[0] = create.call();
      created[0].verify(token);
    };
  }

  static DefaultJWTProcessor<SecurityContext> nimbus() throws Exception {
    var processor = new DefaultJWTProcessor<SecurityContext>();
    var keys = JWKSourceBuilder.create(URI.create(JWKS_URI).toURL()).build();
    processor.setJWSKeySelector(new JWSVerificationKeySelector<>(JWSAlgorithm.RS256, keys));
    processor.setJWTClaimsSetVerifier(new DefaultJWTClaimsVerifier<>(
        AUDIENCE, new JWTClaimsSet.Builder().issuer(ISSUER).build(), Set.of("sub", "iat", "exp", "jti")));
    return processor;
  }

  static Verify nimbusOfType(String type) throws Exception {
    var processor = nimbus();
    processor.setJWSTypeVerifier(new DefaultJOSEObjectTypeVerifier<>(new JOSEObjectType(type)));
    return token -> processor.process(token, null);
  }

  static JwtConsumerBuilder jose4j() {
    return new JwtConsumerBuilder()
        .setRequireExpirationTime().setRequireSubject().setExpectedIssuer(ISSUER).setExpectedAudience(AUDIENCE)
        .setVerificationKeyResolver(new HttpsJwksVerificationKeyResolver(new HttpsJwks(JWKS_URI)))
        .setJwsAlgorithmConstraints(ConstraintType.PERMIT, "RS256");
  }

  static NimbusJwtDecoder spring() {
    var decoder = NimbusJwtDecoder.withJwkSetUri(JWKS_URI).build();
    decoder.setJwtValidator(JwtValidators.createDefaultWithValidators(
        new JwtIssuerValidator(ISSUER), new JwtAudienceValidator(AUDIENCE)));
    return decoder;
  }

  static NimbusJwtDecoder springAtJwt() {
    var decoder = NimbusJwtDecoder.withJwkSetUri(JWKS_URI).validateType(false).build();
    decoder.setJwtValidator(JwtValidators.createAtJwtValidator()
        .issuer(ISSUER).audience(AUDIENCE).clientId(System.getenv("CLIENT_ID")).build());
    return decoder;
  }

  static NimbusJwtDecoder springFromIssuer() {
    NimbusJwtDecoder decoder = JwtDecoders.fromIssuerLocation(ISSUER);
    decoder.setJwtValidator(JwtValidators.createDefaultWithValidators(
        new JwtIssuerValidator(ISSUER), new JwtAudienceValidator(AUDIENCE)));
    return decoder;
  }

  static Map<String, Verify> libraries() {
    var libraries = new LinkedHashMap<String, Verify>();
    libraries.put("Spring Security with `withJwkSetUri`", once(() -> spring()::decode));
    libraries.put("Spring Security, and `Jwt.getIssuer()`", once(() -> {
      var decoder = spring();
      return token -> decoder.decode(token).getIssuer();
    }));
    libraries.put("Spring Security with `fromIssuerLocation`", once(() -> springFromIssuer()::decode));
    libraries.put("Spring Security with `createAtJwtValidator`", once(() -> springAtJwt()::decode));
    libraries.put("Nimbus", once(() -> {
      var processor = nimbus();
      return token -> processor.process(token, null);
    }));
    libraries.put("Nimbus with the type `at+jwt`", once(() -> nimbusOfType("at+jwt")));
    libraries.put("jose4j", once(() -> jose4j().build()::process));
    libraries.put("jose4j with `setExpectedType(true, \"at+jwt\")`",
        once(() -> jose4j().setExpectedType(true, "at+jwt").build()::process));
    return libraries;
  }

  static String refusal(Verify verifier, String token) {
    try {
      verifier.verify(token);
      return null;
    } catch (Exception e) {
      return e.toString();
    }
  }

  @SuppressWarnings("unchecked")
  public static void main(String[] args) throws Exception {
    var libraries = libraries();
    var in = new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = in.readLine()) != null; ) {
      var tokens = (Map<String, String>) JSONObjectUtils.parse(line).get("tokens");
      var answer = new LinkedHashMap<String, Object>();
      libraries.forEach((name, verifier) -> {
        var refusals = new LinkedHashMap<String, Object>();
        tokens.forEach((what, token) -> refusals.put(what, refusal(verifier, token)));
        answer.put(name, refusals);
      });
      System.out.println(JSONObjectUtils.toJSONString(answer));
    }
  }
}
