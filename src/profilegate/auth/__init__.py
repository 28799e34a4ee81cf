"""The gate: what a request carries becomes a Principal, and a Principal becomes permission, or an error.

    request -> credentials -> issuers (whose?) -> keys, tokens (genuine?) or opaque (the provider's word)
            -> principal -> binding (rightfully held?) -> standing
    principal + ids -> rules -> ProfileKey

Nothing here answers a request: faces word the errors. Nothing here knows a table: standing comes through a port.
"""
