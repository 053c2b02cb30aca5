"""A service without a user: it calls the API with tokens of its own."""
import os

from authlib.integrations.httpx_client import OAuth2Client

service = OAuth2Client(
    os.environ["AUTHFLOW_CLIENT_ID"],
    os.environ["AUTHFLOW_CLIENT_SECRET"],
    token_endpoint=f"{os.environ['AUTHFLOW_URL']}/token",
    scope="orders:read",
    grant_type="client_credentials",
)
service.fetch_token()
# A request after the token expired fetches another by itself.
print(service.get(os.environ["API_URL"]).text)
