"""Authlib's OAuth client on httpx, without the word that its import says about Authlib's own plans."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it would stand in the output of every command
    from authlib.integrations.httpx_client import AsyncOAuth2Client
    from authlib.oauth2 import OAuth2Error

__all__ = ["AsyncOAuth2Client", "OAuth2Error"]
