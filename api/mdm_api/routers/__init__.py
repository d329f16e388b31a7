"""The REST routers, in the order of the API's description."""

from fastapi import APIRouter

from mdm_api.routers import changes, citizens, crosswalk, reviews

ROUTERS: tuple[APIRouter, ...] = (
    citizens.router,
    crosswalk.router,
    changes.router,
    reviews.router,
)
