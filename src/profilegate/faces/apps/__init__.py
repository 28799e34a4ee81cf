"""The app-profiles face: applications, and any JSON that they keep about a user.

wire (structs) <- handlers (one document) and bulk (many) <- routers (wiring), wording (errors)
"""
