"""The Phoenix face: GET and PUT /v1/profiles/user/{user_id}, POST /v1/profiles/batch.

wire (structs) <- handlers (the endpoints) <- wording (errors)
"""
