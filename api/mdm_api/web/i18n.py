"""What people read, in their language: Brazilian Portuguese, or English where they chose it.

Texts stand in English in templates and views; `locale/pt_BR.po` has each of them in Portuguese.
The catalogue is read once a process, as it was committed: there is no compiled copy to forget.
"""

import gettext
from collections.abc import Callable
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE: Final = Path(__file__).parent / "locale"
PORTUGUESE, ENGLISH = "pt-BR", "en"
LANGUAGES: Final = (PORTUGUESE, ENGLISH)

Translate = Callable[[str], str]


@lru_cache
def translations(language: str) -> gettext.NullTranslations:
    """The catalogue of a language; unknown languages read Portuguese."""
    if language == ENGLISH:
        return gettext.NullTranslations()
    with (LOCALE / "pt_BR.po").open("rb") as file:
        catalogue = read_po(file, locale="pt_BR", abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def mark(text: str) -> str:
    """Mark a text for the catalogue where it stands in a table; it is translated when shown."""
    return text
