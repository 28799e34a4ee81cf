"""The shop's own Piccolo configuration, which has nothing to do with profilegate's."""

import own_settings
from piccolo.engine.sqlite import SQLiteEngine

DB = SQLiteEngine(path=f"{own_settings.FOLDER}/shop.db")
