"""The lane: the same answers as the handlers', or none at all."""
