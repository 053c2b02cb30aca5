# snippet:on
# urls.py
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.urls import include, path


@login_required
def home(request):
    return JsonResponse({"sub": request.user.username, "name": request.user.first_name, "email": request.user.email})


def logged_out(request):
    return HttpResponse('You are not logged in. <a href="/">Log in</a>')


urlpatterns = [
    path("oidc/", include("mozilla_django_oidc.urls")),
    path("logged-out/", logged_out),
    path("", home),
]
# snippet:off
