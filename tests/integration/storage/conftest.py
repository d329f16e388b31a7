"""Databases for the tests of this folder."""

from support.databases import database_url, postgres_server, store

__all__ = ["database_url", "postgres_server", "store"]
