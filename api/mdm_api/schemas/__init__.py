"""What the API takes and gives; fields that are not named here are refused."""

from pydantic import BaseModel, ConfigDict


class Given(BaseModel):
    """Base of what callers send."""

    model_config = ConfigDict(extra="forbid")


class Told(BaseModel):
    """Base of what they get; made from the services' own answers."""

    model_config = ConfigDict(from_attributes=True)
