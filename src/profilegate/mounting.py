"""Which faces there are, and how each is made of the core's parts."""

from collections.abc import Callable, Collection
from typing import Literal, get_args

from profilegate.account_settings import AccountSettings
from profilegate.auth.credentials import TrustedProxies
from profilegate.auth.middleware import GateMiddleware
from profilegate.auth.relying_party import Attempt, RelyingParty
from profilegate.auth.sealed import Seal
from profilegate.core import Core
from profilegate.errors import InvalidConfiguration
from profilegate.faces import forward_auth, health, rights, sync, userinfo, webhooks
from profilegate.faces.account.cookies import Cookies
from profilegate.faces.account.desk import Desk
from profilegate.faces.account.place import origin_of, place_of
from profilegate.faces.account.rendering import Renderer
from profilegate.faces.account.router import router as account_router
from profilegate.faces.account.visitor import Visitors
from profilegate.faces.apps.routers import routers as apps_routers
from profilegate.faces.cors import CORSMiddleware
from profilegate.faces.logto import handlers as logto
from profilegate.faces.pace import Pace
from profilegate.faces.phoenix import handlers as phoenix
from profilegate.faces.routing import Router
from profilegate.metrics import Measured
from profilegate.settings import IssuerSettings

Face = Literal[
    "health", "phoenix", "logto", "apps", "userinfo", "forward_auth", "webhooks", "operator", "account"
]  # fmt: skip
FACES: tuple[Face, ...] = get_args(Face)


def mounting(path: str, faces: Collection[Face]) -> tuple[str, frozenset[Face]]:
    """Where to mount which faces. Raises InvalidConfiguration."""
    problems = [f"faces: {each!r} is none of {', '.join(FACES)}" for each in faces if each not in FACES]
    if not path.startswith("/") or path.endswith("/") != (path == "/"):
        problems.append("path: must begin with a slash and not end with one")
    if problems:
        raise InvalidConfiguration(problems)
    return path, frozenset(faces)


class Mounting:
    """The faces of one core, at `path`. `told` is the URL of the resource's metadata, if there is one."""

    def __init__(self, core: Core, path: str, told: str | None) -> None:
        self._core = core
        self._path = path
        self._told = told
        self._guard = GateMiddleware(core.gate)
        self._cors = CORSMiddleware(core.settings.server.cors_origins)
        self._pace = Pace(core.settings.usernames.checks_per_minute)

    def routers(self, faces: Collection[Face]) -> list[Router]:
        """The chosen faces, each with its own gate and its own words for errors."""
        core, guard, cors, told = self._core, self._guard, self._cors, self._told
        most = core.settings.server.max_body
        made: dict[Face, Callable[[], list[Router]]] = {
            "health": lambda: [health.router(core.database_state, core.crew.is_leaving, core.metrics)],
            "phoenix": lambda: [phoenix.router(core.profiles, guard, cors, most, told)],
            "logto": lambda: [logto.router(core.profiles, core.rights, guard, cors, self._pace, most, told)],
            "apps": self._apps,
            "userinfo": lambda: [userinfo.router(core.profiles, core.issuers, guard, cors, told)],
            "forward_auth": lambda: [self._forward_auth()],
            "webhooks": lambda: [webhooks.router(core.sync.sources, core.sync.reception)],
            "operator": lambda: [
                sync.router(core.sync.operations, guard, told),
                rights.router(core.rights, core.rules, guard, told),
            ],
            "account": self._account,
        }
        return [self._measured(router, face) for face in FACES if face in faces for router in made[face]()]

    def _measured(self, router: Router, face: Face) -> Router:
        router.middleware = [Measured(self._core.requests, face), *router.middleware]
        return router

    def _apps(self) -> list[Router]:
        """Any app's JSON. Strangers may see which applications there are."""
        core, strangers = self._core, GateMiddleware(self._core.gate, strangers=True)
        parts = core.apps, core.bulks, self._guard, strangers, self._cors
        return apps_routers(*parts, core.settings.apps, core.public_tenant(), self._told)

    def _forward_auth(self) -> Router:
        """What reverse proxies ask. Its gate knows the addresses of the applications behind them, not ours."""
        settings = self._core.settings
        gate = self._core.gate_for(lambda own: [own] if own in settings.forward_auth.addresses else [])
        trusted = TrustedProxies.of(settings.server.trusted_proxies)
        return forward_auth.router(gate, self._core.profiles, trusted, self._told)

    def _account(self) -> list[Router]:
        """The page for people, where it is configured."""
        settings = self._core.settings
        if settings.account is None:
            return []
        issuer = next(each for each in settings.issuers if settings.account.issuer in (None, each.issuer))
        return [account_router(self._desk(settings.account, issuer))]

    def _desk(self, account: AccountSettings, issuer: IssuerSettings) -> Desk:
        core, server = self._core, self._core.settings.server
        url = server.public_url or f"http://{server.host}:{server.port}"
        origins = tuple(map(origin_of, (issuer.issuer, *issuer.origins)))
        place = place_of(url.rstrip("/") + self._path, account.branding, origins)
        return Desk(
            place=place,
            renderer=Renderer(place),
            party=RelyingParty(account, issuer.issuer, core.issuers, core.clock, core.transport),
            seal=Seal(account.session_secret, Attempt),
            visitors=Visitors(
                sessions=core.sessions,
                issuer=issuer.issuer,
                standing=core.repository,
                cookies=Cookies(place.secure),
                hours=account.session_hours,
                clock=core.clock,
            ),
            profiles=core.profiles,
            apps=core.apps,
            history=core.history,
            rights=core.rights,
            records=core.repository,
            operations=core.sync.operations,
            pace=self._pace,
        )
