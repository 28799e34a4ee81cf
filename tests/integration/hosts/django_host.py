"""Django in one file, with the gate alone around it."""

import django
import own_settings
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from profilegate import OIDCResourceServer, ResourceServerMiddleware

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1"],
    SECRET_KEY="this host's own, and for tests only",
    MIDDLEWARE=["django.middleware.common.CommonMiddleware", f"{__name__}.marked"],
)
django.setup()


def marked(get_response):  # type: ignore[no-untyped-def]
    def middleware(request: HttpRequest) -> HttpResponse:
        answer: HttpResponse = get_response(request)
        answer["X-Django"] = "open"
        return answer

    return middleware


def open_(_: HttpRequest) -> JsonResponse:
    return JsonResponse({"host": "open"})


async def me(request: HttpRequest) -> JsonResponse:
    caller = request.scope["user"]  # type: ignore[attr-defined]
    return JsonResponse({"user": caller.user_id, "tenant": caller.tenant_id})


def scoped(request: HttpRequest) -> HttpResponse:
    caller = request.scope["user"]  # type: ignore[attr-defined]
    if "profiles:read" not in caller.scopes:
        return HttpResponse(
            "django: 403", status=403, headers={"WWW-Authenticate": 'Bearer error="insufficient_scope"'}
        )
    return JsonResponse({"user": caller.user_id})


def not_found(_: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse("django: 404", status=404)


handler404 = not_found
urlpatterns = [
    path("open", open_),
    path("me", me),
    path("scoped", scoped),
    path("files/<path:name>", lambda r, name: open_(r)),
]
server = OIDCResourceServer(own_settings.issuers(), resource=own_settings.URL)
app = ResourceServerMiddleware(get_asgi_application(), server=server, public=["/open", "/nothing", "/files/*"])
