"""Attacks by exp, nbf and iat of a genuine token (RFC 7519, sections 4.1.4 to 4.1.6), with a leeway of 30 seconds."""

from tests.minting import NOW

from .case import Case, attack, control, section
from .crafting import ALICE, GONE, spelled, token
from .world import Attempt

NO_TIMES = {
    "null": "null",
    "true": "true",
    "false": "false",
    "a text": f'"{int(NOW) + 60}"',
    "an empty text": '""',
    "an HTTP date": '"Wed, 28 Jan 2036 10:00:00 GMT"',
    "an ISO date": '"2036-01-28T10:00:00Z"',
    "a list": f"[{int(NOW) + 60}]",
    "an object": "{}",
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "NaN in a text": '"NaN"',
    "1e400": "1e400",
    "-1e400": "-1e400",
    "1e308": "1e308",
    "2 to the 53rd and more": "9007199254740994",
    "2 to the 64th": str(2**64),
    "400 digits": "9" * 400,
    "400 digits behind a minus": "-" + "9" * 400,
    "5000 digits": "9" * 5000,
}


def timed(at: Attempt, name: str, value: str) -> str:
    """A token with this time, word for word."""
    return spelled(at, claims=lambda usual: replaced(usual, name, value))


def replaced(usual: str, name: str, value: str) -> str:
    given = f'"{name}": {ALICE[name]}' if name in ALICE else None
    return usual.replace(given, f'"{name}": {value}') if given else f'{usual[:-1]}, "{name}": {value}}}'


def distant(name: str, seconds: float) -> tuple[str, str]:
    return name, repr(NOW + seconds if isinstance(seconds, float) else int(NOW) + seconds)


def strange(name: str) -> list[Case]:
    return [attack(f"{name} is {kind}", timed, name, value) for kind, value in NO_TIMES.items()]


CASES = [
    *section(
        "exp",
        control("in an hour", token),
        control("29 seconds ago", timed, *distant("exp", -29)),
        control("29.9 seconds ago", timed, *distant("exp", -29.9)),
        control("with an exponent", timed, "exp", "1.9e9"),
        attack("missing", token, exp=GONE),
        attack("expires instead", token, exp=GONE, expires=int(NOW) + 60, expires_in=60),
        attack("30 seconds ago", timed, *distant("exp", -30)),
        attack("30.0 seconds ago", timed, *distant("exp", -30.0)),
        attack("30.1 seconds ago", timed, *distant("exp", -30.1)),
        attack("31 seconds ago", timed, *distant("exp", -31)),
        attack("a day ago", timed, *distant("exp", -86_400)),
        attack("zero", timed, "exp", "0"),
        attack("minus zero", timed, "exp", "-0.0"),
        attack("negative", timed, "exp", str(-int(NOW))),
        attack("tiny", timed, "exp", "1e-300"),
        attack("very negative", timed, "exp", str(-(2**53))),
        *strange("exp"),
    ),
    *section(
        "nbf",
        control("now", timed, *distant("nbf", 0)),
        control("in 30 seconds", timed, *distant("nbf", 30)),
        attack("in 30.1 seconds", timed, *distant("nbf", 30.1)),
        attack("in 31 seconds", timed, *distant("nbf", 31)),
        attack("in a year", timed, *distant("nbf", 31_536_000)),
        attack("in milliseconds", timed, "nbf", str(int(NOW) * 1000)),
        *strange("nbf"),
    ),
    *section(
        "iat",
        control("now", timed, *distant("iat", 0)),
        control("in 30 seconds", timed, *distant("iat", 30)),
        control("missing", token, iat=GONE),
        attack("in 30.1 seconds", timed, *distant("iat", 30.1)),
        attack("in 31 seconds", timed, *distant("iat", 31)),
        attack("in a year", timed, *distant("iat", 31_536_000)),
        attack("in milliseconds", timed, "iat", str(int(NOW) * 1000)),
        *strange("iat"),
    ),
    *section(
        "times together",
        control("nbf and iat in the past", token, nbf=int(NOW) - 60, iat=int(NOW) - 60),
        attack("exp past, nbf to come", token, exp=int(NOW) - 60, nbf=int(NOW) + 60),
        attack("exp before iat, both past", token, exp=int(NOW) - 7200, iat=int(NOW) - 3600),
        attack("iat to come, exp later", token, iat=int(NOW) + 3600, exp=int(NOW) + 7200),
    ),
]
