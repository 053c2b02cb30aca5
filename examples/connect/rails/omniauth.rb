# snippet:on
# config/initializers/omniauth.rb
AUTHFLOW = ENV.fetch("AUTHFLOW_URL")
APP = ENV.fetch("APP_URL")

Rails.application.config.middleware.use OmniAuth::Builder do
  provider :openid_connect, {
    name: :authflow,
    issuer: AUTHFLOW,
    discovery: true,
    response_type: :code,
    scope: [:openid, :profile, :email],
    pkce: true,
    client_options: {
      identifier: ENV.fetch("AUTHFLOW_CLIENT_ID"),
      secret: ENV.fetch("AUTHFLOW_CLIENT_SECRET"),
      redirect_uri: "#{APP}/auth/authflow/callback",
    },
  }
end
# snippet:off
