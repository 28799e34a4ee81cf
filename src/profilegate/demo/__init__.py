"""What `profilegate demo` brings with it: a development identity provider to sign in at.

The provider stands where Logto, Keycloak or Auth0 stand in production, outside the service. The service
reaches it over HTTP like any other issuer and is configured with nothing but its address.

    provider.py   the routes                     page.py      what a browser sees
    server.py     the authorization server       loopback.py  what keeps all this on one machine
    grants.py     the three ways to a token      parameters.py  HTTP parameters, as they came
    tokens.py     signing and reading            people.py, clients.py   who there is
    sign_in.py    a person's round trip, without a browser

Everything lives in memory and is gone with the process, the signing key included. It asks for no password:
it must never serve anybody but the developer, and refuses an issuer that is not a loopback address.
"""
