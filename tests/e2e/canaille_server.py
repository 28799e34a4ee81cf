"""Serves canaille from memory on the port given as an argument, with one person in it and open client registration.

It runs in an environment of its own. Arguments: the port, the person's login and password.
"""

import sys

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from werkzeug.serving import run_simple

PERSON, PASSWORD = sys.argv[2:]


def settings(port: int) -> dict[str, object]:
    return {
        "SECRET_KEY": "tests only",
        "SERVER_NAME": f"127.0.0.1:{port}",
        "PREFERRED_URL_SCHEME": "http",
        "CANAILLE_SQL": None,
        "CANAILLE": {"DATABASE": "memory"},
        "CANAILLE_OIDC": {"DYNAMIC_CLIENT_REGISTRATION_OPEN": True},
    }


def main(port: int) -> None:
    app = create_app(settings(port))
    with app.app_context(), Backend.instance.session():
        emails = [f"{PERSON}@people.example"]
        Backend.instance.save(
            models.User(
                user_name=PERSON, password=PASSWORD, formatted_name="Ann Example", family_name="Ann", emails=emails
            )
        )
    run_simple("127.0.0.1", port, app, threaded=True)


main(int(sys.argv[1]))
