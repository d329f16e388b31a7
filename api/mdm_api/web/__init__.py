"""The pages for caseworkers and stewards."""

from fastapi import FastAPI


def mount(app: FastAPI) -> None:
    """Add the pages to the service."""
