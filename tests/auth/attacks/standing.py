"""Attacks by genuine tokens of people who may not act any more."""

from tests.faces.running import OPERATOR, PROVIDER, key
from tests.minting import NOW

from profilegate.profiles.record import Actor

from .case import SUSPENDED, Before, attack, bearer, control, section
from .crafting import GONE, token
from .world import Attempt

HERSELF = Actor("user", "alice", "test", int(NOW))
MOMENT = int(NOW) * 1000
BEFORE = int(NOW) - 10
AFTER = int(NOW) + 1


async def known(at: Attempt) -> None:
    """Alice has a profile."""
    answer = await Attempt(at.target, "GET", "/api/profile").send(bearer(token(at)))
    assert answer.status_code in (200, 401, 403)


def suspended(by: Actor) -> Before:
    async def before(at: Attempt) -> None:
        await known(at)
        await at.target.gate.repository.suspend(key("alice"), by, MOMENT)

    return before


def revoked(moment: int) -> Before:
    async def before(at: Attempt) -> None:
        await known(at)
        await at.target.gate.repository.revoke_before(key("alice"), moment, PROVIDER, MOMENT)

    return before


def erased(by: Actor, moment: int = MOMENT) -> Before:
    async def before(at: Attempt) -> None:
        await known(at)
        await at.target.gate.repository.erase(key("alice"), by, moment)

    return before


CASES = [
    *section(
        "suspended people",
        control("nobody is", token).after(known),
        attack("by an operator", token).after(suspended(OPERATOR), fresh=True),
        attack("by the provider", token).after(suspended(PROVIDER), fresh=True),
        attack("by an operator, with a newer token", token, iat=AFTER).after(suspended(OPERATOR), fresh=True),
        attack("by the provider, as an operator", token, operator=True).after(suspended(PROVIDER), fresh=True),
        refusal=SUSPENDED,
    ),
    *section(
        "revoked tokens",
        control("made after", token, iat=AFTER).after(revoked(MOMENT), fresh=True),
        attack("made before", token, iat=BEFORE).after(revoked(MOMENT), fresh=True),
        attack("made in the same second", token).after(revoked(MOMENT), fresh=True),
        attack("made earlier in the same second", token, iat=NOW + 0.9).after(revoked(MOMENT + 950), fresh=True),
        attack("made nobody knows when", token, iat=GONE).after(revoked(MOMENT), fresh=True),
        attack("revoked for longer", token, iat=AFTER).after(revoked(MOMENT + 10_000), fresh=True),
    ),
    *section(
        "erased people",
        control("by herself, with a token from after", token, iat=AFTER).after(erased(HERSELF), fresh=True),
        attack("by herself, with a token from before", token, iat=BEFORE).after(erased(HERSELF), fresh=True),
        attack("by herself, with a token of the same second", token).after(erased(HERSELF), fresh=True),
        attack("by herself, with a token from nobody knows when", token, iat=GONE).after(erased(HERSELF), fresh=True),
        attack("by an operator", token).after(erased(OPERATOR), fresh=True),
        attack("by an operator, with a newer token", token, iat=AFTER).after(erased(OPERATOR), fresh=True),
        attack("by the provider, with a newer token", token, iat=AFTER).after(erased(PROVIDER), fresh=True),
        attack("by the provider, as an operator", token, operator=True).after(erased(PROVIDER), fresh=True),
    ),
]
