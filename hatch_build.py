"""Ships linkage_models/ inside built wheels and leaves editable installs alone."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class LinkageModelsHook(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            build_data["force_include"]["linkage_models"] = "mdm/_linkage_models"
