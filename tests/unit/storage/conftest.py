"""Databases for the tests of this folder."""

from support.databases import database_url, store

__all__ = ["database_url", "store"]
