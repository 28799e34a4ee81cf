"""How a primary is lost, and how its node comes back."""

import signal
import time
from collections.abc import Mapping

from msgspec import Struct
from tests.failover.cluster import Cluster, Node
from tests.failover.processes import tell, until

LEADER_SECONDS = 90

AWAY_SECONDS = 5
"""For which the lost node stays away once another leads."""


class Fault(Struct, frozen=True):
    """What is sent to PostgreSQL, and to the Patroni above it."""

    postgres: signal.Signals | None = None
    patroni: signal.Signals | None = None


FAULTS: Mapping[str, Fault] = {
    "postgres": Fault(postgres=signal.SIGKILL),
    "machine": Fault(postgres=signal.SIGKILL, patroni=signal.SIGKILL),
    "frozen": Fault(postgres=signal.SIGSTOP, patroni=signal.SIGSTOP),
    "patroni": Fault(patroni=signal.SIGKILL),
}
"""`patroni` leaves behind a primary that nobody tells that it is none any more."""


def strike(node: Node, fault: Fault) -> None:
    """Lose this node's PostgreSQL, the postmaster first: it would start again what it sees die."""
    if fault.patroni == signal.SIGKILL:
        node.kill()
    elif fault.patroni is not None:
        tell([node.pid], fault.patroni)
    if fault.postgres is not None:
        tell(node.postgres(), fault.postgres)


def mend(cluster: Cluster, node: Node, fault: Fault, before: int) -> None:
    """Once another leads, the lost one comes back. Patroni itself sees to a PostgreSQL that has died."""
    if fault.patroni is None:
        return
    until(lambda: cluster.timeline() > before, "nobody else leads", LEADER_SECONDS)
    time.sleep(AWAY_SECONDS)
    if fault.patroni == signal.SIGKILL:
        node.start()
    else:
        tell([*node.postgres(), node.pid], signal.SIGCONT)
