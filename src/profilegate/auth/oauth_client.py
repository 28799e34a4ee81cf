"""Authlib's OAuth client on httpx, without the word that its import says about Authlib's own plans."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it would stand in the output of every command
    from authlib.common.errors import AuthlibBaseError as OAuthError
    from authlib.integrations.httpx_client import AsyncOAuth2Client

__all__ = ["AsyncOAuth2Client", "OAuthError"]
