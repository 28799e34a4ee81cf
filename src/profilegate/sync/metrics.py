"""What is counted about the deliveries, in the Prometheus text format.

Counters are this process's own, and added up by whichever worker is asked; the gauges are read from the database and
are the same in all of them.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge

from profilegate.profiles.deliveries import Health


class SyncMetrics:
    """Named for Prometheus; `source` is the only label besides the outcome. Never a user."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.received = Counter(
            "profilegate_sync_received",
            "Requests to /webhooks: stored, duplicate, ignored, or refused and why.",
            ["source", "outcome"],
            registry=registry,
        )
        self._gauges = {
            name: Gauge(f"profilegate_sync_{name}", text, ["source"], registry=registry)
            for name, text in {
                "waiting": "Deliveries that are stored and not yet applied.",
                "failing": "Those of them that have failed before.",
                "dead_letters": "Deliveries that were given up.",
                "conflicts": "Usernames that could not be given.",
                "lag_seconds": "How long the oldest waiting delivery has been waiting.",
                "silence_seconds": "Since the last delivery.",
                "silent": "1 when that is unusually long for the source.",
            }.items()
        }

    def show(self, source: str, health: Health, silent: bool, now: int) -> None:
        """Set the gauges of one source. `now` is in Unix milliseconds."""
        values = {name: float(getattr(health, name)) for name in ("waiting", "failing", "dead_letters", "conflicts")}
        values["lag_seconds"] = _since(health.oldest_waiting_at, now)
        values["silence_seconds"] = _since(health.last_received_at, now)
        values["silent"] = float(silent)
        for name, value in values.items():
            self._gauges[name].labels(source).set(value)


def _since(moment: int | None, now: int) -> float:
    return 0.0 if moment is None else max(0, now - moment) / 1000
