"""Passwords, keys and tokens: the only place that speaks argon2, Ed25519 and JOSE."""
