"""The whole table."""

from . import (
    algorithms,
    binding,
    certificates,
    claims,
    kinds,
    offered_keys,
    opaque,
    signatures,
    standing,
    structure,
    times,
    transport,
)

TABLE = [
    *algorithms.CASES,
    *offered_keys.CASES,
    *structure.CASES,
    *claims.CASES,
    *times.CASES,
    *kinds.CASES,
    *signatures.CASES,
    *transport.CASES,
    *binding.CASES,
    *certificates.CASES,
    *opaque.CASES,
    *standing.CASES,
]

ATTACKS = [case for case in TABLE if not case.is_control]
CONTROLS = [case for case in TABLE if case.is_control]
