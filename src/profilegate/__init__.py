"""One true user profile behind any OpenID Connect provider.

    from profilegate import ProfileGate, Settings

The public names, loaded when they are first asked for: importing the package loads no framework.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from profilegate.app import create_app, served
    from profilegate.asgi import ResourceServerMiddleware
    from profilegate.configuration import load
    from profilegate.errors import ProfileGateError
    from profilegate.host import CurrentPrincipal, CurrentProfile, current_principal, current_profile, require
    from profilegate.plugin import ProfileGate
    from profilegate.resource_server import OIDCResourceServer
    from profilegate.settings import DatabaseSettings, IssuerSettings, ServerSettings, Settings

__all__ = [
    "CurrentPrincipal",
    "CurrentProfile",
    "DatabaseSettings",
    "IssuerSettings",
    "OIDCResourceServer",
    "ProfileGate",
    "ProfileGateError",
    "ResourceServerMiddleware",
    "ServerSettings",
    "Settings",
    "__version__",
    "create_app",
    "current_principal",
    "current_profile",
    "load",
    "require",
    "served",
]

__version__ = version("profilegate")

_HOMES = {
    "CurrentPrincipal": "profilegate.host",
    "CurrentProfile": "profilegate.host",
    "DatabaseSettings": "profilegate.settings",
    "IssuerSettings": "profilegate.settings",
    "OIDCResourceServer": "profilegate.resource_server",
    "ProfileGate": "profilegate.plugin",
    "ProfileGateError": "profilegate.errors",
    "ResourceServerMiddleware": "profilegate.asgi",
    "ServerSettings": "profilegate.settings",
    "Settings": "profilegate.settings",
    "create_app": "profilegate.app",
    "current_principal": "profilegate.host",
    "current_profile": "profilegate.host",
    "load": "profilegate.configuration",
    "require": "profilegate.host",
    "served": "profilegate.app",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
