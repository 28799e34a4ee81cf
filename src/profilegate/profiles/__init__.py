"""The domain: what a profile is, which values it takes, and what may happen to it.

Python and msgspec only. Nothing here knows HTTP, tokens, SQL or the clock on the wall:
`service.py` is called by the faces, the webhooks and the command line, and calls the
store through `ports.py`.
"""
