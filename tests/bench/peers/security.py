"""The bearer token to its user: PyJWT's PyJWKClient, with keys that it keeps."""

import os
from typing import Annotated

import jwt
from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

ALGORITHMS = ["RS256", "ES256"]
REQUIRED = ["exp", "iat", "iss", "aud", "sub"]
ISSUER, AUDIENCE = os.environ["PEER_ISSUER"], os.environ["PEER_AUDIENCE"]

keys = jwt.PyJWKClient(f"{ISSUER}/jwks", cache_keys=True)
bearer = HTTPBearer(auto_error=False)


async def caller(given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> str:
    """The user id; 401 without a good token. Keys that are kept are found without waiting, so nothing is awaited."""
    if given is None:
        raise HTTPException(401, "no token", {"WWW-Authenticate": "Bearer"})
    try:
        key = keys.get_signing_key_from_jwt(given.credentials)
        claims = jwt.decode(
            given.credentials, key, ALGORITHMS, audience=AUDIENCE, issuer=ISSUER, options={"require": REQUIRED}
        )
    except jwt.PyJWTError as error:
        raise HTTPException(401, "not a good token", {"WWW-Authenticate": 'Bearer error="invalid_token"'}) from error
    return str(claims["sub"])


Caller = Annotated[str, Depends(caller)]
