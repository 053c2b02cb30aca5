# snippet:on
# users.py
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
