"""Routers that are made for one application."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import litestar
from litestar.exceptions import ImproperlyConfiguredException
from litestar.types import ControllerRouterHandler


class Router(litestar.Router):
    """Litestar's router, whose handlers are its own copies from the start, so that it can be registered as it is: once.

    Litestar would copy it then, with everything that it has found out about the handlers by now: a third of the time
    that an application takes to be made. Registered twice it raises ImproperlyConfiguredException: what the handlers
    know by then is of the first application.
    """

    def __init__(self, path: str, *, route_handlers: Sequence[ControllerRouterHandler], **settings: Any) -> None:
        super().__init__(path, route_handlers=[deepcopy(each) for each in route_handlers], **settings)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Router":
        if memo:
            return self._copied(memo)
        if self.owner is not None:
            raise ImproperlyConfiguredException(
                "these routers are registered already; make others for each application"
            )
        return self

    def _copied(self, memo: dict[int, Any]) -> "Router":
        """As a part of something that is copied, such as a host's own router round it."""
        reduced: Any = self.__reduce_ex__(4)
        make, arguments, state, *_ = reduced
        copied: Router = make(*arguments)
        memo[id(self)] = copied
        for part in state if isinstance(state, tuple) else (state,):
            for name, value in (part or {}).items():
                setattr(copied, name, deepcopy(value, memo))
        return copied
