# Runs the initializer in a Rack application, in place of Rails: the login is OmniAuth's in both.
require "json"
require "omniauth_openid_connect"

builder = self
Rails = Struct.new(:application).new(Struct.new(:config).new(Struct.new(:middleware).new(builder)))
use Rack::Session::Cookie, secret: ENV.fetch("SESSION_SECRET") * 2
OmniAuth.config.request_validation_phase = nil # Rails has omniauth-rails_csrf_protection
OmniAuth.config.failure_raise_out_environments = []
SWD.url_builder = URI::HTTP # as Authflow has no https here
WebFinger.url_builder = URI::HTTP
load File.join(__dir__, "omniauth.rb")

run(lambda do |env|
  case env["PATH_INFO"]
  when "/login"
    [200, { "Content-Type" => "text/html" }, [%(<form method="post" action="/auth/authflow"></form>)]]
  when "/auth/authflow/callback"
    auth = env["omniauth.auth"]
    info = { sub: auth.uid, name: auth.info.name, email: auth.info.email }
    [200, { "Content-Type" => "application/json" }, [JSON.generate(info)]]
  else
    [404, { "Content-Type" => "text/plain" }, [Rack::Request.new(env).params.inspect]]
  end
end)
