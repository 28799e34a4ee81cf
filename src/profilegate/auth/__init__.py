"""The gate: what a request carries becomes a Principal, and a Principal becomes permission, or an error.

    header -> gate -> tokens (shape) -> issuers (whose?) -> keys -> tokens (genuine?) -> principal -> standing
    principal + ids -> rules -> ProfileKey

Nothing here answers a request: faces word the errors. Nothing here knows a table: standing comes through a port.
"""
