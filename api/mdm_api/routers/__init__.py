"""The REST routers, in the order of the API's description."""

from fastapi import APIRouter

ROUTERS: tuple[APIRouter, ...] = ()
