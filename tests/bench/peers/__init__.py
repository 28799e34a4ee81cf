"""What a Python user would write instead: FastAPI, PyJWT and SQLAlchemy, as their documentation teaches it.

The same contract for GET and PUT of a Phoenix profile: made on first access, `ETag`, `If-Match`, `If-None-Match`, 401
with a challenge. Left out, in its favour: the audit, what other processes are told, revoked and suspended users.
"""
