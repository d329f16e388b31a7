"""The message catalogue and the texts of the pages are level."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import mdm_api.web
from mdm.clustering.decision import ReviewReason
from mdm.domain.access import Role
from mdm.domain.judgement import Verdict
from mdm.domain.scored_pair import Guard
from mdm.survivorship.policy import Outcome, Rule
from mdm_api.web import words
from mdm_api.web.i18n import LOCALE

WEB = Path(mdm_api.web.__file__).parent
HOLE = re.compile(r"%\(\w+\)s")
BETWEEN_TAGS = re.compile(r">([^<>{}]*[A-Za-z]{3}[^<>{}]*)<")
JINJA = re.compile(r"\{% trans.*?endtrans %\}|\{[%{#].*?[%}#]\}", re.DOTALL)
NAMES_OF_THINGS = {"CPF", "English", "Português"}


@cache
def catalogue() -> dict[str | tuple[str, ...], Message]:
    with (LOCALE / "pt_BR.po").open("rb") as file:
        found = read_po(file, locale="pt_BR", abort_invalid=True)
    return {_key(message.id): message for message in found if message.id}


def _key(text: object) -> str | tuple[str, ...]:
    return tuple(map(str, text)) if isinstance(text, (list, tuple)) else str(text)


def _several(text: object) -> Sequence[object]:
    return text if isinstance(text, (list, tuple)) else (text,)


@cache
def texts() -> frozenset[str | tuple[str, ...]]:
    found = extract_from_dir(
        WEB,
        method_map=[("templates/**.html", "jinja2"), ("**.py", "python")],
        options_map={"templates/**.html": {"newstyle_gettext": "true", "trimmed": "true"}},
        keywords={"_": None, "gettext": None, "ngettext": (1, 2)},
    )
    return frozenset(_key(message) for _, _, message, _, _ in found)


def test_every_text_has_its_message_and_every_message_its_text() -> None:
    assert set(catalogue()) == texts()


def test_every_message_is_translated_and_fills_the_same_holes() -> None:
    for key, message in catalogue().items():
        told = [str(text) for text in _several(message.string)]
        asked = key if isinstance(key, tuple) else (key,)
        assert not message.fuzzy
        assert "" not in told
        for text in told:
            assert set(HOLE.findall(text)) == set(HOLE.findall(asked[-1])), key


@pytest.mark.parametrize("path", sorted(WEB.rglob("templates/**/*.html")), ids=lambda p: p.name)
def test_templates_say_nothing_past_the_catalogue(path: Path) -> None:
    bare = JINJA.sub("", path.read_text("utf-8"))

    said = {text.strip() for text in BETWEEN_TAGS.findall(bare)}

    assert {text for text in said if text not in NAMES_OF_THINGS} == set()


@pytest.mark.parametrize(
    ("table", "codes"),
    [
        (words.ROLES, Role),
        (words.GUARDS, Guard),
        (words.GUARD_TAGS, Guard),
        (words.VERDICTS, Verdict),
        (words.RULES, (*Rule, *Outcome)),
        (words.HOUSEHOLD_ROLES, [f"{n:02d}" for n in range(1, 12)]),
    ],
    ids=["roles", "guards", "guard tags", "verdicts", "rules", "household roles"],
)
def test_every_code_has_its_word(table: dict[str, str], codes: list[str]) -> None:
    assert set(table) == {str(code) for code in codes}


def test_every_reason_to_ask_has_its_word_and_its_sentence() -> None:
    assert {str(reason) for reason in ReviewReason} <= set(words.REASONS)
    assert set(words.ASKED) == set(words.REASONS)
