"""The web service of the citizen registry."""

API = "/api/v1"
"""Where the REST routes begin. Their routers say so themselves: metrics and log name a route by its
own path, to which a prefix given at inclusion is not added."""
