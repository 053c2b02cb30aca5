# snippet:on
# urls.py
from django.contrib.auth.decorators import login_required
from django.http import JsonResponse
from django.urls import include, path


@login_required
def home(request):
    return JsonResponse({"sub": request.user.username, "name": request.user.first_name, "email": request.user.email})


urlpatterns = [path("oidc/", include("mozilla_django_oidc.urls")), path("", home)]
# snippet:off
