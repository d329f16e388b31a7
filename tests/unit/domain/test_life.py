"""The sentences of a citizen's life are what a steward would write."""

import pytest

from mdm.domain.change import Change, ChangeKind
from mdm.domain.life import LifeEvent, Said, sentence

A, B = "7ZK4M0QW2T", "0A0A0A0A0A"
AT = "2026-03-10T12:00:00.000000Z"


def record(kind: ChangeKind, **known: str | None) -> Change:
    values = {"municipal_id": A, "record_status": "present", "link_status": "automatic", **known}
    return Change(at=AT, change=kind, source="saude", local_id="17", **values)


def told(change: Change | None = None, said: Said | None = None, bits: float | None = None) -> str:
    return sentence(LifeEvent(at=AT, actor="bia", change=change, said=said, weight=bits), A)


@pytest.mark.parametrize(
    ("change", "bits", "words"),
    [
        (
            record(ChangeKind.LINKED),
            12.34,
            ("O registro 17 (saude) foi ligado automaticamente ao número 7ZK4M-0QW2T (este) "
            "(força 12,3 bits)."),
        ),
        (
            record(ChangeKind.LINKED, link_status="alone"),
            None,
            "O registro 17 (saude) entrou no cadastro municipal com o número 7ZK4M-0QW2T (este).",
        ),
        (
            record(ChangeKind.MERGED, municipal_id=B, former_id=A),
            None,
            ("O registro 17 (saude) passou do número 7ZK4M-0QW2T (este) para o número "
            "0A0A0-A0A0A: os dois são a mesma pessoa."),
        ),
        (
            record(ChangeKind.SPLIT, former_id=B),
            None,
            ("O registro 17 (saude) foi separado do número 0A0A0-A0A0A e tem agora o número "
            "7ZK4M-0QW2T (este)."),
        ),
        (
            record(ChangeKind.STATUS, record_status="withdrawn"),
            None,
            "O registro 17 (saude) deixou de constar na origem.",
        ),
        (
            record(ChangeKind.RELINKED, link_status="confirmed"),
            None,
            "O registro 17 (saude) teve a ligação confirmada por uma pessoa.",
        ),
        (
            Change(
                at=AT, change=ChangeKind.MERGED, municipal_id=A, id_state="active", resolves_to=B
            ),
            None,
            "O número 7ZK4M-0QW2T passou a indicar o mesmo cidadão que 0A0A0-A0A0A.",
        ),
        (
            Change(
                at=AT, change=ChangeKind.AMBIGUOUS, municipal_id=A, id_state="active",
                resolves_to=A, ambiguous_until="2026-06-08",
            ),
            None,
            ("O número 7ZK4M-0QW2T ficou ambíguo até 08/06/2026: sozinho não responde, com o "
            "registro da origem sim."),
        ),
        (
            Change(at=AT, change=ChangeKind.RETIRED, municipal_id=A, id_state="tombstone"),
            None,
            "O número 7ZK4M-0QW2T foi retirado: ninguém ficou com ele.",
        ),
    ],
)  # fmt: skip
def test_what_changed_in_words(change: Change, bits: float | None, words: str) -> None:
    assert told(change, bits=bits) == words


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            Said(records=(("saude", "17"), ("escola", "3")), verdict="different"),
            (
                "bia comparou o registro 17 (saude) e o registro 3 (escola) e respondeu que são "
                "pessoas diferentes."
            ),
        ),
        (
            Said(records=(("saude", "17"), ("escola", "3")), verdict="undone"),
            "bia desfez a resposta sobre o registro 17 (saude) e o registro 3 (escola).",
        ),
        (
            Said(records=(("saude", "17"),), attribute="birth_date"),
            "bia definiu o valor de “birth_date” no lugar do registro 17 (saude).",
        ),
    ],
)
def test_what_stewards_said_in_words(said: Said, words: str) -> None:
    assert told(said=said) == words


@pytest.mark.parametrize("kind", ChangeKind)
def test_every_kind_of_change_has_a_sentence(kind: ChangeKind) -> None:
    of_id = Change(at=AT, change=kind, municipal_id=A, id_state="active", resolves_to=A)
    on_record = {"merged", "split", "linked", "moved", "unlinked", "relinked", "status"}
    for change in (of_id, record(kind) if kind.value in on_record else of_id):
        words = told(change)
        assert words.endswith(".")
        assert "None" not in words


def test_sources_are_called_as_people_call_them() -> None:
    titles = {"saude": "e-SUS APS PEC"}
    event = LifeEvent(at=AT, actor="bia", change=record(ChangeKind.LINKED))
    said = LifeEvent(at=AT, actor="bia", said=Said(records=(("saude", "17"),), verdict="undone"))

    assert sentence(event, B, titles) == (
        "O registro 17 (e-SUS APS PEC) foi ligado automaticamente ao número 7ZK4M-0QW2T."
    )
    assert sentence(said, B, titles) == (
        "bia desfez a resposta sobre o registro 17 (e-SUS APS PEC)."
    )
