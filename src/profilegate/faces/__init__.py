"""The public contracts. Each face has its wire structs, its handlers, and its wording of errors.

A face turns bytes into wire structs and wire structs into bytes. What may happen is decided by `auth.rules`
(who) and `profiles` (what); a face adds neither.
"""
