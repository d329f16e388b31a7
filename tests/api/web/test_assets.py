"""Third-party assets: pinned, checked, licensed, and complete for our own stylesheet."""

import base64
import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest

from mdm_api.web.render import STATIC

ROOT = Path(__file__).resolve().parents[3]
VENDOR = STATIC / "vendor"
ASSETS = ROOT / "api" / "assets"
HTMX = "sha384-2OatzQy1H+Zd/IIrjr1TcuDGqLXeHhbooAyJY1KdQMKnr4LZ22k31GBLdYKHmVjg"


def sha384(path: Path) -> str:
    digest = hashlib.sha384(path.read_bytes()).digest()
    return f"sha384-{base64.b64encode(digest).decode('ascii')}"


@pytest.fixture(scope="module")
def manifest() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads((VENDOR / "manifest.json").read_text("utf-8"))
    return found


def test_every_file_is_the_one_that_was_built(manifest: dict[str, dict[str, str]]) -> None:
    assert {path.name for path in VENDOR.iterdir()} == {*manifest["files"], "manifest.json"}
    for name, known in manifest["files"].items():
        assert sha384(VENDOR / name) == known


def test_htmx_is_the_pinned_file_to_the_byte() -> None:
    assert sha384(VENDOR / "htmx.min.js") == HTMX


def test_the_files_were_built_from_what_the_set_up_pins(
    manifest: dict[str, dict[str, str]],
) -> None:
    script = (ASSETS / "build.py").read_text("utf-8")
    package = json.loads((ASSETS / "package.json").read_text("utf-8"))

    assert manifest["packages"] == package["dependencies"]
    assert manifest["sources"]["htmx.org/dist/htmx.min.js"] == HTMX
    assert all(known in script for known in manifest["sources"].values())
    assert set(manifest["licences"]) == set(manifest["packages"])


def test_the_lock_names_every_package_by_its_hash_and_no_registry() -> None:
    lock = json.loads((ASSETS / "package-lock.json").read_text("utf-8"))
    packages = {name: one for name, one in lock["packages"].items() if name != ""}

    assert all(str(one["integrity"]).startswith("sha512-") for one in packages.values())
    assert not any("resolved" in one for one in packages.values())


def test_nothing_of_others_is_committed() -> None:
    done = subprocess.run(
        ["git", "ls-files", "api"], cwd=ROOT, check=True, capture_output=True, text=True
    )

    assert not [
        name for name in done.stdout.split() if "/vendor/" in name or "node_modules" in name
    ]


def test_stylesheets_load_nothing_and_name_no_variable_that_is_not_there() -> None:
    sheets = [(VENDOR / "govbr.css").read_text("utf-8"), (STATIC / "app.css").read_text("utf-8")]
    known = set(re.findall(r"(--[\w-]+)\s*:", "".join(sheets)))

    for sheet in sheets:
        assert not re.search(r"url\(|@import|@font-face", sheet)
    assert set(re.findall(r"var\((--[\w-]+)\)", sheets[1])) <= known
