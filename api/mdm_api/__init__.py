"""The web service of the citizen registry."""
