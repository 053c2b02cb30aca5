require "json"
require "jwt" # gem install jwt
require "net/http"

module Authflow
  URL = ENV.fetch("AUTHFLOW_URL", "http://localhost:8080")
  ISSUER = ENV.fetch("AUTHFLOW_ISSUER", "authflow-go")
  AUDIENCE = ENV["AUTHFLOW_AUDIENCE"] # your name in the claim aud, if you have one
  CLIENT = ENV.values_at("AUTHFLOW_CLIENT_ID", "AUTHFLOW_CLIENT_SECRET").map(&:to_s).freeze
  STALE_AFTER = Float(ENV.fetch("AUTHFLOW_STALE_AFTER", "45"))
  REFETCH_AFTER = Float(ENV.fetch("AUTHFLOW_REFETCH_AFTER", "5"))
  RETRY_LAST = Float(ENV.fetch("AUTHFLOW_RECONNECT_WITHIN", "5"))
  ACCEPT_WHEN_STALE = ENV["AUTHFLOW_WHEN_STALE"] == "open"

  ALGORITHMS = %w[RS256 ES256].freeze # EdDSA would need the gem rbnacl
  KEEP_KEYS = 300
  TIMEOUT = 5
  SILENCE = STALE_AFTER * 2 / 3 # closes a dead connection early enough to open another before the data is stale
  RETRY_FIRST = RETRY_LAST / 25
  RETRY_REFUSED = 30
  FOREVER = Float::INFINITY

  # It is unknown whether the token is valid: answer your caller 503. Any other error of verify: 401.
  class Unknown < StandardError; end
  class WrongCredentials < StandardError; end

  # The claims of a token that Authflow signed, that has not expired and that was not revoked. Makes no call.
  def self.verify(token)
    fresh = fresh?
    _, header = JWT.decode(token, nil, false)
    unless %w[JWT at+jwt].include?(header["typ"]) && !header.key?("crit")
      raise JWT::DecodeError, "this is not an access token"
    end
    key, algorithm = KEYS.find(header["kid"])
    # A key verifies its own algorithm only, whatever the token's header says.
    raise JWT::IncorrectAlgorithm, "the algorithm is not the key's" if header["alg"] != algorithm

    claims, = JWT.decode(
      token, key, true,
      algorithms: [algorithm], iss: ISSUER, verify_iss: true, required_claims: %w[exp iat iss sub jti]
    )
    names = Array(claims["aud"])
    unless !claims["aud"] || names.include?(AUDIENCE)
      raise JWT::InvalidAudError, "the token is for #{names.join(", ")}: set AUTHFLOW_AUDIENCE if that is you"
    end
    raise JWT::DecodeError, "the token was revoked" if FEED.revoked.end?(claims, header["kid"])
    raise Unknown, "the revocation state is unknown" unless fresh || ACCEPT_WHEN_STALE

    claims
  end

  # Whether the known revocations are up to date: use it in your readiness check.
  def self.fresh?
    FEED.start
    clock - FEED.heard < STALE_AFTER
  end

  def self.log(message)
    warn "authflow: #{message}" if message != @logged
    @logged = message
  end

  # Seconds of a clock that is never set.
  def self.clock = Process.clock_gettime(Process::CLOCK_MONOTONIC)

  def self.connect(path, timeout)
    uri = URI(URL + path)
    # Without max_retries the library would repeat the request of a silent connection before it reports the error.
    options = { use_ssl: uri.scheme == "https", open_timeout: timeout, read_timeout: timeout, max_retries: 0 }
    Net::HTTP.start(uri.host, uri.port, **options) { |http| yield http, uri.request_uri }
  end

  # An unknown kid fetches the keys, at most once in REFETCH_AFTER; requests that wait share one fetch.
  class Keys
    def initialize
      @known = {}
      @fetched = @asked = -FOREVER
      @failed = false
      @mutex = Mutex.new
    end

    def find(kid)
      refresh unless @known.key?(kid)
      @known.fetch(kid) do
        raise Unknown, "the keys can't be fetched" if @failed

        raise JWT::DecodeError, "no key has the token's kid"
      end
    end

    def refresh
      @mutex.synchronize do
        return if Authflow.clock - @asked < REFETCH_AFTER

        begin
          @known = fetch
          @fetched = Authflow.clock
          @failed = false
        rescue StandardError => error
          @failed = true
          Authflow.log("the keys can't be fetched: #{error.message}")
        ensure
          @asked = Authflow.clock
        end
      end
    end

    def refresh_if_old
      Thread.new { refresh } if Authflow.clock - @fetched > KEEP_KEYS
    end

    private

    def fetch
      response = Authflow.connect("/.well-known/jwks.json", TIMEOUT) { |http, path| http.get(path) }
      raise "status #{response.code}" unless response.code == "200"

      found = JSON.parse(response.body)["keys"].select { |jwk| ALGORITHMS.include?(jwk["alg"]) }
      found.to_h { |jwk| [jwk["kid"], [JWT::JWK.import(jwk.transform_keys(&:to_sym)).keypair, jwk["alg"]]] }
    end
  end

  # What is revoked, by name: jti:…, sub:…, sid:…, client_id:…, client_sub:<client_id>:<sub>, client_sid:…, kid:….
  class Revocations
    UUIDV7 = /\A(\h{8})-(\h{4})-7\h{3}-[89ab]\h{3}-\h{12}\z/i

    def initialize
      @entries = {} # name => [tokens issued before this instant (epoch ms) are revoked, end of the entry (s)]
      @expiring = {} # minute => the names whose entries expire by then
    end

    def add(name, before, exp)
      known_before, known_exp = @entries.fetch(name, [-FOREVER, -FOREVER])
      @entries[name] = [[before, known_before].max, [exp, known_exp].max]
      (@expiring[exp.to_i / 60 + 2] ||= []) << name if exp > known_exp # one minute later than needed
    end

    def end?(claims, kid)
      # When the token was issued: to the millisecond by a UUIDv7 jti that agrees with iat, else at iat.
      match = UUIDV7.match(claims["jti"])
      instant = match ? (match[1] + match[2]).hex : -1
      issued_at = instant / 1000 == claims["iat"] ? instant : claims["iat"] * 1000
      names = %w[jti sub client_id].map { |name| "#{name}:#{claims[name]}" }
      names.push("client_sub:#{claims["client_id"]}:#{claims["sub"]}", "kid:#{kid}")
      names.push("sid:#{claims["sid"]}", "client_sid:#{claims["client_id"]}:#{claims["sid"]}") if claims.key?("sid")
      names.any? { |name| (entry = @entries[name]) && issued_at < entry.first }
    end

    # Drops whole minutes: entries that stay cost nothing.
    def drop_expired
      now = Time.now.to_i
      @expiring.keys.select { |minute| minute * 60 <= now }.each do |minute|
        @expiring.delete(minute).each { |name| @entries.delete(name) if @entries[name]&.last.to_i <= now }
      end
    end
  end

  # The subscription, in a thread of its own. A forked worker has none of its parent's threads: at its first token it
  # subscribes on its own, with the data of its parent.
  class Feed
    attr_reader :revoked, :heard

    def initialize
      @revoked = Revocations.new
      @rebuilt = nil # after a reset: the snapshot, which replaces @revoked when it is complete
      @caught_up = false # whether this connection has received all events from before it
      @heard = -FOREVER # when the data was last up to date
      @mutex = Mutex.new
    end

    def start
      return if @thread&.alive?

      @mutex.synchronize { @thread = Thread.new { follow } unless @thread&.alive? }
    end

    private

    def follow
      longest = 2 * RETRY_FIRST
      loop do
        pause = nil
        begin
          listen
          Authflow.log("the revocation feed ended")
        rescue StandardError => error
          Authflow.log("the revocation feed is lost: #{error.message}")
          pause = RETRY_REFUSED if error.is_a?(WrongCredentials)
        end
        longest = @caught_up ? 2 * RETRY_FIRST : [2 * longest, RETRY_LAST].min
        sleep(pause || rand(RETRY_FIRST..longest))
      end
    end

    # One connection to the feed. Raises or returns when it ends.
    def listen
      @caught_up = false
      @rebuilt = nil
      Authflow.connect("/revocations/stream", SILENCE) do |http, path|
        request = Net::HTTP::Get.new(path, { "Accept-Encoding" => "identity" })
        request.basic_auth(*CLIENT)
        request["Last-Event-ID"] = @last_event_id if @last_event_id
        http.request(request) do |response|
          raise WrongCredentials, "AUTHFLOW_CLIENT_ID or AUTHFLOW_CLIENT_SECRET is wrong" if response.code == "401"
          raise "status #{response.code} #{description(response)}".strip unless response.code == "200"

          read(response)
        end
      end
    end

    def description(response)
      JSON.parse(response.read_body)["error_description"]
    rescue StandardError
      nil
    end

    def read(response)
      received = Authflow.clock
      buffer = +""
      response.read_body do |part|
        buffer << part
        while (block = buffer.slice!(/\A.*?\n\n/m))
          fields = block.lines(chomp: true).to_h { |line| line.split(/: ?/, 2).values_at(0, 1) }
          received = Authflow.clock if take(fields["event"], JSON.parse(fields["data"] || "null"))
          @last_event_id = fields["id"] if fields.key?("id")
        end
        raise "it is silent" if Authflow.clock - received > SILENCE
      end
    end

    # Takes one event. False: an event of a later version.
    def take(event, data)
      case event
      when "reset"
        @rebuilt = Revocations.new
        @caught_up = false
      when "revoked"
        data.each { |entry| add("jti:#{entry["jti"]}", FOREVER, entry["exp"]) }
      when "issued_before"
        data.each do |entry|
          entry.slice("sub", "sid", "client_id", "kid").each do |scope, value|
            name = entry.key?("issued_to") ? "client_#{scope}:#{entry["issued_to"]}" : scope
            add("#{name}:#{value}", scope == "kid" ? FOREVER : entry["issued_before"], entry["exp"])
          end
        end
      when "current"
        @revoked = @rebuilt || @revoked
        @rebuilt = nil
        @caught_up = true
        Authflow.log("the revocation feed is up to date")
      when "heartbeat"
      else
        return false
      end
      # Not while catching up: events that are still to come may be hours old.
      @heard = Authflow.clock if @caught_up
      if %w[current heartbeat].include?(event)
        @revoked.drop_expired
        KEYS.refresh_if_old
      end
      true
    end

    def add(*entry)
      [@revoked, @rebuilt].compact.each { |revocations| revocations.add(*entry) }
    end
  end

  KEYS = Keys.new
  FEED = Feed.new
  FEED.start
end

# Reads one token per line and prints the result for each.
if $PROGRAM_NAME == __FILE__
  $stdout.sync = true
  $stdin.each_line(chomp: true) do |token|
    puts "ok #{Authflow.verify(token)["sub"]}"
  rescue Authflow::Unknown => error
    puts "unknown #{error.message}"
  rescue StandardError => error
    puts "refused #{error.message}"
  end
end
