"""Ships linkage_models/ inside built wheels and leaves editable installs alone."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VENDOR = "api/mdm_api/web/static/vendor"


class LinkageModelsHook(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "standard":
            return
        if not (Path(self.root) / VENDOR / "manifest.json").exists():
            raise FileNotFoundError(f"{VENDOR} is not there: run make setup before a build")
        build_data["force_include"]["linkage_models"] = "mdm/_linkage_models"
