"""What a row of the table is: a name, how its request is made, and how the gate must answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from .world import PLAIN, Attempt, Sent, World

Make = Callable[..., Sent | str | bytes]
Before = Callable[[Attempt], Awaitable[None]]


@dataclass(frozen=True)
class Refusal:
    """A status, the error code of its challenge (None: a challenge without one), and the challenge's scheme."""

    status: int
    error: str | None
    scheme: str | None = "Bearer"
    """None where the framework refuses, before anybody asks who is calling."""


INVALID_TOKEN = Refusal(401, "invalid_token")
NO_CREDENTIAL = Refusal(401, None)
MALFORMED = Refusal(400, "invalid_request")
MALFORMED_WITH_DPOP = Refusal(400, "invalid_request", "DPoP")
BAD_HOST = Refusal(400, None, None)
NOT_PERMITTED = Refusal(403, "insufficient_scope")
SUSPENDED = Refusal(403, None)
BAD_PROOF = Refusal(401, "invalid_dpop_proof", "DPoP")
NONCE_WANTED = Refusal(401, "use_dpop_nonce", "DPoP")
BAD_BOUND_TOKEN = Refusal(401, "invalid_token", "DPoP")


@dataclass(frozen=True)
class Case:
    """`make(attempt, *arguments, **members)` is a request, or the token of one.

    What is None here is for its section to say: without that an attack is an invalid token, in the usual world.
    """

    name: str
    make: Make
    arguments: tuple[Any, ...] = ()
    members: dict[str, Any] = field(default_factory=dict)
    is_control: bool = False
    refusal: Refusal | None = None
    world: World | None = None
    before: Before | None = None
    fresh: bool = False
    asks_nobody: bool = False
    section: str = ""

    @property
    def id(self) -> str:
        return f"{self.section}: {self.name}"

    def answered(self, refusal: Refusal) -> "Case":
        return replace(self, refusal=refusal)

    def after(self, before: Before, fresh: bool = False) -> "Case":
        """What happens before each attempt; on a `fresh` service when it would change what other cases find."""
        return replace(self, before=before, fresh=fresh)

    def unasked(self) -> "Case":
        """Such a token must not even be shown to a provider."""
        return replace(self, asks_nobody=True)

    def sent(self, attempt: Attempt) -> Sent:
        made = self.make(attempt, *self.arguments, **self.members)
        return made if isinstance(made, Sent) else bearer(made)


def attack(name: str, make: Make, /, *arguments: Any, **members: Any) -> Case:
    return Case(name, make, arguments, members)


def control(name: str, make: Make, /, *arguments: Any, **members: Any) -> Case:
    """The same construction done right: it must be admitted, else the attacks beside it show nothing."""
    return Case(name, make, arguments, members, is_control=True)


def section(
    name: str, *cases: Case, world: World = PLAIN, refusal: Refusal = INVALID_TOKEN, unasked: bool = False
) -> list[Case]:
    """Cases of one kind, with what holds for those of them that do not say otherwise."""
    return [
        replace(
            each,
            section=name,
            world=each.world or world,
            refusal=each.refusal or refusal,
            asks_nobody=(each.asks_nobody or unasked) and not each.is_control,
        )
        for each in cases
    ]


def bearer(token: str | bytes) -> Sent:
    return Sent(((b"authorization", b"Bearer " + raw(token)),))


def raw(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
