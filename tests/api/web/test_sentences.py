"""Evidence in plain words: every level of every comparison has its sentence in Portuguese."""

from mdm.linkage.explain import unpack_pattern
from mdm.linkage.person_model import COMPARISONS
from mdm_api.web.i18n import ENGLISH, PORTUGUESE, translations
from mdm_api.web.sentences import COMPARISON_NAMES, LEVEL_SENTENCES, MISSING, sentence

LEVELS = {
    (comparison.name, label)
    for comparison in COMPARISONS
    for label in (MISSING, *(level.label for level in comparison.levels))
}


def test_every_level_of_every_comparison_has_one_sentence_and_no_other_has() -> None:
    assert set(LEVEL_SENTENCES) == LEVELS
    assert set(COMPARISON_NAMES) == {comparison.name for comparison in COMPARISONS}


def test_every_sentence_is_in_the_catalogue_and_no_two_levels_say_the_same() -> None:
    portuguese = translations(PORTUGUESE)
    told = {text: portuguese.gettext(text) for text in LEVEL_SENTENCES.values()}

    assert all(text != translated for text, translated in told.items())
    assert all(text.endswith(".") for text in told.values())
    assert len(set(LEVEL_SENTENCES.values())) == len(LEVEL_SENTENCES)
    assert len(set(told.values())) == len(told)


def test_every_pattern_that_can_be_stored_reads_as_sentences() -> None:
    strongest, place = 0, 1
    for comparison in COMPARISONS:
        strongest += len(comparison.levels) * place
        place *= len(comparison.levels) + 1

    for pattern in (0, strongest):
        for name, level in unpack_pattern(pattern).items():
            assert sentence(name, level) != ""


def test_english_reads_the_texts_as_they_stand() -> None:
    assert translations(ENGLISH).gettext("The CPF is equal.") == "The CPF is equal."
    assert translations(PORTUGUESE).gettext("The CPF is equal.") == "O CPF é igual."
