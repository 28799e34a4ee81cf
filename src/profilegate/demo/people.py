"""The people of the demo. They are the same in every run, so that a stored record is found again."""

from dataclasses import dataclass
from typing import Any

from authlib.oidc.core import UserInfo


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in; `sub` has the form of Logto's user ids (12 of 0-9 and a-z)."""

    username: str
    sub: str
    name: str
    email: str
    picture: str | None = None
    operator: bool = False

    def get_user_id(self) -> str:
        """The subject; the name of this method is Authlib's."""
        return self.sub

    def claims(self, scope: str) -> dict[str, Any]:
        """The standard claims that the scope lets a client see (OIDC Core, section 5.4); always `sub`."""
        known = {
            "sub": self.sub,
            "name": self.name,
            "preferred_username": self.username,
            "picture": self.picture,
            "email": self.email,
            "email_verified": True,
        }
        return dict(UserInfo({k: v for k, v in known.items() if v is not None}).filter(f"openid {scope}"))

    def access_claims(self, scope: str) -> dict[str, Any]:
        """What the access token says beyond RFC 9068: the names, for scope profile, and who is an operator."""
        shown = self.claims(scope)
        names = {claim: value for claim, value in shown.items() if claim in {"name", "preferred_username"}}
        return {**names, "operator": True} if self.operator else names


_PEOPLE = (
    Person(
        username="alice",
        sub="k3v9x0q7m2ab",
        name="Alice Moreau",
        email="alice@example.com",
        picture="https://api.dicebear.com/9.x/thumbs/svg?seed=alice",
    ),
    # No picture: the service makes one up, and the demo shows it.
    Person(username="bob", sub="p8d1w5t4z6yc", name="Bob Lindqvist", email="bob@example.com"),
    Person(
        username="olive",
        sub="r2h7n4s9j0fe",
        name="Olive Tanaka",
        email="olive@example.com",
        picture="https://api.dicebear.com/9.x/thumbs/svg?seed=olive",
        operator=True,
    ),
)

BY_USERNAME = {person.username: person for person in _PEOPLE}
BY_SUB = {person.sub: person for person in _PEOPLE}
