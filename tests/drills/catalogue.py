"""All drills by name, in the order in which they are made."""

from collections.abc import Awaitable, Callable

from tests.drills import clock, databases, disk, kills, overload, providers, refusals, slow_clients
from tests.drills.outcome import Outcome
from tests.drills.stage import Stage

Drill = Callable[[Stage], Awaitable[Outcome]]

DRILLS: dict[str, Drill] = {
    "connections-cut": databases.cut,
    "table-locked": databases.locked,
    "database-stopped": databases.stopped,
    "database-absent": databases.absent,
    "network-slow": databases.slow,
    "network-stalls": databases.stalled,
    "disk-full": disk.full,
    "provider-absent": providers.absent,
    "provider-down": providers.away,
    "clock-jumps": clock.jumps,
    "worker-killed": kills.worker,
    "service-killed": kills.service,
    "sigterm": kills.stopped,
    "overload": overload.doubled,
    "slow-clients": slow_clients.direct,
    "slow-clients-nginx": slow_clients.nginx,
    "bodies": refusals.bodies_direct,
    "bodies-nginx": refusals.bodies_nginx,
    "smuggling": refusals.smuggling_direct,
    "smuggling-nginx": refusals.smuggling_nginx,
}
