"""The database: what the service asks of a store, kept in PostgreSQL or SQLite through Piccolo.

Piccolo owns the schema, the migrations and the words of the queries. The hot statements are built from
its queries once and run on the drivers directly. Concurrency is settled here and nowhere else:
by unique indexes and single statements.
"""
