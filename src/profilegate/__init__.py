"""One true user profile behind any OpenID Connect provider.

    from profilegate import ProfileGate, Settings

The public names, loaded when they are first asked for: importing the package loads no framework.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from profilegate.app import create_app
    from profilegate.configuration import load
    from profilegate.errors import ProfileGateError
    from profilegate.plugin import ProfileGate
    from profilegate.settings import Settings

__all__ = ["ProfileGate", "ProfileGateError", "Settings", "__version__", "create_app", "load"]

__version__ = version("profilegate")

_HOMES = {
    "ProfileGate": "profilegate.plugin",
    "ProfileGateError": "profilegate.errors",
    "Settings": "profilegate.settings",
    "create_app": "profilegate.app",
    "load": "profilegate.configuration",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
