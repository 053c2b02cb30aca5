# snippet:on
# users.py
import requests
from django.conf import settings
from mozilla_django_oidc.auth import OIDCAuthenticationBackend


class AuthflowBackend(OIDCAuthenticationBackend):
    """Users by their `sub`. By default they are found by e-mail address, which may go to another person."""

    def filter_users_by_claims(self, claims):
        return self.UserModel.objects.filter(username=claims["sub"])

    def verify_claims(self, claims):
        return "sub" in claims

    def create_user(self, claims):
        return self.update_user(self.UserModel(username=claims["sub"]), claims)

    def update_user(self, user, claims):
        user.email = claims.get("email", "")
        user.first_name = claims.get("name", "")[:150]
        user.save()
        return user
# snippet:off


def end_session(request):
    """Ends the session at Authflow too: otherwise the next login needs no page. 401: it has ended."""
    answer = requests.post(f"{settings.AUTHFLOW}/logout", json={"session": True}, timeout=5,
                           headers={"Authorization": f"Bearer {request.session['oidc_access_token']}"})
    if answer.status_code != 401:
        answer.raise_for_status()
    return settings.LOGOUT_REDIRECT_URL
