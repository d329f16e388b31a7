"""The declarations of the city's sources, to be loaded as they are: `mdm source add`."""

import re
from importlib.resources import files
from pathlib import Path

_SHIPPED = files("mdm.synth") / "data" / "sources"
_LAYOUT = re.compile(r'^layout = ".*"$', re.MULTILINE)
_SCOPE = re.compile(r'^scope = ".*"\n', re.MULTILINE)


def write_declarations(out: Path, *, layouts: bool) -> list[str]:
    """Write `sources/*.toml`; returns the files written, relative to `out`.

    Args:
        out: The folder of the city.
        layouts: Whether the files are in their real layouts; otherwise the canonical ones are
            declared.
    """
    (out / "sources").mkdir(parents=True, exist_ok=True)
    written = []
    for shipped in sorted(_SHIPPED.iterdir(), key=lambda path: path.name):
        text = shipped.read_text("utf-8")
        if not layouts:
            text = _SCOPE.sub("", _LAYOUT.sub('layout = "canonical"', text))
        name = f"sources/{shipped.name}"
        (out / name).write_text(text, "utf-8")
        written.append(name)
    return written
