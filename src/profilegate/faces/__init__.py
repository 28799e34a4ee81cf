"""The public contracts. One face, one file: wire structs on top, handlers, and its wording of errors at the end.

A face turns bytes into wire structs and wire structs into bytes. What may happen is decided by `auth.rules`
(who) and `profiles` (what); a face adds neither.
"""
