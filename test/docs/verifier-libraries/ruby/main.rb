# The jwt gem, set up as its own documentation says; ../README.md has what it reads and prints.
require "json"
require "jwt"

OPTIONS = {
  algorithms: ["RS256"], iss: ENV.fetch("ISSUER"), verify_iss: true, aud: ENV.fetch("AUDIENCE"), verify_aud: true,
}.freeze

def refusal(token, jwks)
  JWT.decode(token, nil, true, OPTIONS.merge(jwks: jwks))
  nil
rescue JWT::DecodeError => e
  e.inspect
end

$stdout.sync = true
$stdin.each_line do |line|
  asked = JSON.parse(line)
  puts({ "jwt" => asked["tokens"].transform_values { |token| refusal(token, asked["jwks"]) } }.to_json)
end
