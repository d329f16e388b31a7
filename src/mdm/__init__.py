"""Citizen registry for a city: record linkage, golden records, stable municipal IDs."""

from mdm.__about__ import __version__

__all__ = ["__version__"]
