"""For the `piccolo` command: PICCOLO_CONF=profilegate.piccolo_conf. Nothing else imports this.

The engine is made when it is asked for, from the same settings as the service's.
"""

from typing import Any

from piccolo.conf.apps import AppRegistry

APP_REGISTRY = AppRegistry(apps=["profilegate.store.piccolo_app"])


def __getattr__(name: str) -> Any:
    if name != "DB":
        raise AttributeError(name)
    from profilegate.configuration import load
    from profilegate.store.database import make_engine

    globals()["DB"] = make_engine(load().database)
    return globals()["DB"]
