"""Faults on purpose: the served profilegate under load while something breaks. `python -m tests.drills --help`."""
