"""The service on a cluster of PostgreSQL that loses its primary."""
