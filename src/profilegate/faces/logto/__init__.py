"""The Logto face: GET and PATCH /api/profile, PATCH /api/profile/profile, and what an account page asks besides.

wire.py      what the record looks like here      bodies.py    what may be sent, with every issue at once
handlers.py  the endpoints                        wording.py   the errors, in Logto's codes
"""
