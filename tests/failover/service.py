"""The real service, and what stands between it and the cluster."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.bench.issuing import LocalProvider
from tests.e2e.served import Served
from tests.failover import shipped
from tests.failover.cluster import Cluster
from tests.failover.processes import Home, Process
from tests.postgres import free_port
from tests.proxy.shipped import put_in


def binaries() -> Path:
    """Those of the newest PostgreSQL that is installed."""
    found = [each for each in Path("/usr/lib/postgresql").glob("*/bin") if (each / "pg_rewind").is_file()]
    if not found:
        raise SystemExit("PostgreSQL is not installed (Debian: apt install postgresql)")
    return max(found, key=lambda each: float(each.parent.name))


@contextmanager
def served(
    home: Home, cluster: Cluster, provider: LocalProvider, workers: int, listens_at: str = "haproxy"
) -> Iterator[Served]:
    """`profilegate serve` behind PgBouncer and HAProxy, which listens at HAProxy or at the "nodes" themselves."""
    primary, pooled = free_port(), free_port()
    haproxy = shipped.haproxy(home, [node.place for node in cluster.nodes], primary)
    pgbouncer = shipped.pgbouncer(home, primary, pooled)
    folder = home.folder / "service"
    folder.mkdir()
    with ExitStack() as stack:
        stack.enter_context(Process(home, "haproxy", ["haproxy", "-db", "-f", str(haproxy)]))
        stack.enter_context(Process(home, "pgbouncer", ["pgbouncer", str(pgbouncer)]))
        postgres_url = shipped.url(f"{shipped.HERE}:{pooled}")
        service = Served(folder, postgres_url, provider, workers)
        listen = cluster.primary() if listens_at == "nodes" else shipped.url(f"{shipped.HERE}:{primary}")
        more = f'[database]\npgbouncer = true\nlisten_url = "{listen}"\n'
        service.configure(put_in(service.settings, ("[database]\n", more)))
        yield stack.enter_context(service)
