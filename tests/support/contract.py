"""The command contract: what `--json` prints, held to the golden file `docs/commands.json`."""

import json
from pathlib import Path

GOLDEN = Path(__file__).resolve().parents[2] / "docs" / "commands.json"
_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "list": (list,),
}


def contract() -> dict[str, object]:
    """The shape of every command's result, by command."""
    found: dict[str, object] = json.loads(GOLDEN.read_text("utf-8"))
    return found


def assert_conforms(command: str, result: object) -> None:
    """Check a result against the golden file: the same keys in the same order, the types stated."""
    _check(command, contract()[command], result)


def _check(place: str, shape: object, value: object) -> None:
    if isinstance(shape, dict):
        assert isinstance(value, dict), place
        assert list(value) == list(shape), place
        for key, inner in shape.items():
            _check(f"{place}.{key}", inner, value[key])
    elif isinstance(shape, list):
        assert isinstance(value, list), place
        for item in value:
            _check(f"{place}[]", shape[0], item)
    else:
        assert isinstance(shape, str), place
        kind, _, null = shape.partition(" or ")
        if value is None:
            assert null == "null", f"{place} is null"
        else:
            assert isinstance(value, _TYPES[kind]), f"{place} is {type(value).__name__}"
            assert kind == "boolean" or not isinstance(value, bool), place
