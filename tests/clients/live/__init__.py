"""The clients against the served program, signed in at a real provider."""
