require "json"
require "jwt" # gem install jwt
require "net/http"

module Authflow
  URL = ENV.fetch("AUTHFLOW_URL", "http://localhost:8080")
  ISSUER = ENV.fetch("AUTHFLOW_ISSUER", "authflow-go")
  AUDIENCE = ENV["AUTHFLOW_AUDIENCE"] # your name in the claim aud, if you have one
  KEEP_KEYS = 300
  # Seconds: an unknown kid fetches the keys again, but not more often than this.
  REFETCH_AFTER = Float(ENV.fetch("AUTHFLOW_REFETCH_AFTER", "5"))

  # It is unknown whether the token is valid: answer your caller 503. Any other error: 401.
  class Unknown < StandardError; end

  @mutex = Mutex.new
  @fetched = -Float::INFINITY

  # The claims of a token that Authflow signed and that has not expired; raises JWT::DecodeError otherwise.
  def self.verify(token)
    claims, = JWT.decode(
      token, nil, true,
      algorithms: ["RS256"], jwks: method(:keys), iss: ISSUER, verify_iss: true, required_claims: %w[exp iss sub jti]
    )
    names = Array(claims["aud"])
    unless !claims["aud"] || names.include?(AUDIENCE)
      raise JWT::InvalidAudError, "the token is for #{names.join(", ")}: set AUTHFLOW_AUDIENCE if that is you"
    end

    claims
  end

  # Whether the token was not revoked. Raises Unknown if Authflow can't say it.
  def self.live?(token)
    response = get("/userinfo", "Authorization" => "Bearer #{token}")
    case response.code
    when "200" then true
    when "401" then false
    else raise Unknown, "the live check failed with status #{response.code}"
    end
  end

  def self.keys(options)
    @mutex.synchronize do
      age = Process.clock_gettime(Process::CLOCK_MONOTONIC) - @fetched
      fetch if age > KEEP_KEYS || (options[:invalidate] && age > REFETCH_AFTER)
      @keys
    end
  end

  def self.fetch
    response = get("/.well-known/jwks.json")
    raise Unknown, "Authflow's keys can't be fetched: status #{response.code}" unless response.code == "200"

    @keys = JSON.parse(response.body, symbolize_names: true)
    @fetched = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  def self.get(path, headers = {})
    uri = URI(URL + path)
    options = { use_ssl: uri.scheme == "https", open_timeout: 5, read_timeout: 5 }
    Net::HTTP.start(uri.host, uri.port, **options) { |http| http.get(uri.path, headers) }
  rescue IOError, SystemCallError, SocketError, Timeout::Error, OpenSSL::SSL::SSLError => error
    raise Unknown, "Authflow can't be reached: #{error.message}"
  end
  private_class_method :keys, :fetch, :get
end

# Reads one token a line, `live <token>` for the live check too, and says what it thinks of each.
if $PROGRAM_NAME == __FILE__
  $stdout.sync = true
  $stdin.each_line(chomp: true) do |line|
    token = line.delete_prefix("live ")
    begin
      claims = Authflow.verify(token)
      raise "revoked" if line != token && !Authflow.live?(token)

      puts "ok #{claims["sub"]}"
    rescue StandardError => error
      puts "#{error.is_a?(Authflow::Unknown) ? "unknown" : "refused"} #{error.message}"
    end
  end
end
