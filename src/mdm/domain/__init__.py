"""The words of the registry: frozen values and pure rules."""
