"""The clients that are shipped: the Python one, and the one in TypeScript."""
