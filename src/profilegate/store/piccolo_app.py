"""What a host's APP_REGISTRY lists, as "profilegate.store.piccolo_app", to migrate our tables with its own."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

from profilegate.store.tables import TABLES

APP_CONFIG = AppConfig(
    app_name="profilegate",
    migrations_folder_path=str(Path(__file__).parent / "piccolo_migrations"),
    table_classes=list(TABLES),
)
