"""Inbound from the identity providers: signature -> inbox -> event -> the record.

A delivery is verified on its raw bytes (`signatures`), stored, answered, and only then read (`providers`) and
applied (`worker`). What a provider did not say is asked for (`fetching`), and what it may not have sent is found by
comparing (`reconciling`).
"""
