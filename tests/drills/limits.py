"""How many files this process and those that it starts may have open."""

import resource

ENOUGH = 30_000
"""Ten thousand clients, and as many ends of them in servers of their own."""


def many_files(wanted: int = ENOUGH) -> int:
    """Raise the limit as far as one may, up to that; what it is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for most in ((wanted, max(hard, wanted)), (min(wanted, hard), hard)):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most[0]), most[1]))
            break
        except (OSError, ValueError):
            continue
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
