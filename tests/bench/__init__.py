"""Measurements, for people: nothing here is collected by pytest."""
