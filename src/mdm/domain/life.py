"""An event in the life of a citizen, and the sentence in Portuguese that tells it to a steward."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mdm.domain.change import Change, ChangeKind
from mdm.domain.municipal_id import shown

_NO_TITLES: Mapping[str, str] = MappingProxyType({})
_VERDICTS = {
    "same": "respondeu que são a mesma pessoa",
    "different": "respondeu que são pessoas diferentes",
    "unsure": "não soube dizer se são a mesma pessoa",
}
_LINKED = {
    "alone": "entrou no cadastro municipal com o número",
    "automatic": "foi ligado automaticamente ao número",
    "confirmed": "foi ligado, por decisão de uma pessoa, ao número",
}
_RELINKED = {
    "alone": "ficou como único registro ligado por si",
    "automatic": "passou a estar ligado automaticamente",
    "confirmed": "teve a ligação confirmada por uma pessoa",
}
_STATUS = {
    "present": "voltou a constar na origem",
    "pending": "aguarda nova ligação",
    "withdrawn": "deixou de constar na origem",
    "superseded": "foi substituído na origem por outro registro",
    "erased": "foi apagado",
}


_OF_RECORDS = {
    ChangeKind.LINKED: "{record} {linked} {home}{bits}.",
    ChangeKind.MERGED: (
        "{record} passou do número {former} para o número {home}: os dois são a mesma pessoa{bits}."
    ),
    ChangeKind.SPLIT: "{record} foi separado do número {former} e tem agora o número {home}.",
    ChangeKind.MOVED: "{record} passou do número {former} para o número {home}.",
    ChangeKind.UNLINKED: "{record} saiu do número {former} e aguarda nova ligação.",
    ChangeKind.RELINKED: "{record} {relinked}{bits}.",
    ChangeKind.STATUS: "{record} {status}.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a steward said.

    Attributes:
        records: (source, local ID) of the records spoken of.
        verdict: Of a pair: same, different, unsure, or undone.
        attribute: The golden value that was set; None where a pair was judged.
    """

    records: tuple[tuple[str, str], ...]
    verdict: str = ""
    attribute: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeEvent:
    """One event: a change of a record or an ID, or what a steward said.

    Attributes:
        at: When, UTC ISO text.
        actor: Who acted.
        change: See `mdm.domain.change`; None where a steward only said something.
        weight: Match weight in bits with which a record was linked.
        model_version: The model that gave it.
        said: What a steward said; None where something changed.
    """

    at: str
    actor: str
    change: Change | None = None
    weight: float | None = None
    model_version: str | None = None
    said: Said | None = None

    def as_dict(self) -> dict[str, object]:
        """The event as it leaves."""
        change = self.change
        return {
            "at": self.at,
            "actor": self.actor,
            "kind": self._kind(),
            "municipal_id": None if change is None else change.municipal_id,
            "former_id": None if change is None else change.former_id,
            "records": [{"source": s, "local_id": i} for s, i in self.records()],
            "weight": self.weight,
            "model_version": self.model_version,
        }

    def records(self) -> tuple[tuple[str, str], ...]:
        """(source, local ID) of the records that the event is about."""
        if self.said is not None:
            return self.said.records
        change = self.change
        if change is None or change.source is None or change.local_id is None:
            return ()
        return ((change.source, change.local_id),)

    def _kind(self) -> str:
        if self.said is not None:
            return f"judged_{self.said.verdict}" if self.said.attribute is None else "value_set"
        assert self.change is not None
        return self.change.change.value


def sentence(event: LifeEvent, requested: str, titles: Mapping[str, str] = _NO_TITLES) -> str:
    """The event in words.

    Args:
        event: The event.
        requested: The ID whose life is told.
        titles: What people call the sources; by its name where one is not among them.
    """
    if event.said is not None:
        return _said(event.actor, event.said, titles)
    assert event.change is not None
    if event.change.local_id is None:
        return _of_id(event.change)
    return _of_record(event, event.change, requested, titles)


def _said(actor: str, said: Said, titles: Mapping[str, str]) -> str:
    records = " e o ".join(_record(key, titles) for key in said.records) or "registro"
    if said.attribute is not None:
        return f"{actor} definiu o valor de “{said.attribute}” no lugar do {records}."
    if said.verdict == "undone":
        return f"{actor} desfez a resposta sobre o {records}."
    return f"{actor} comparou o {records} e {_VERDICTS[said.verdict]}."


def _record(key: tuple[str | None, str | None], titles: Mapping[str, str]) -> str:
    source, local_id = map(str, key)
    return f"registro {local_id} ({titles.get(source, source)})"


def _of_record(event: LifeEvent, change: Change, requested: str, titles: Mapping[str, str]) -> str:
    link = str(change.link_status)
    return _OF_RECORDS[change.change].format(
        record=f"O {_record((change.source, change.local_id), titles)}",
        home="" if change.municipal_id is None else _named(change.municipal_id, requested),
        former="" if change.former_id is None else _named(change.former_id, requested),
        linked=_LINKED.get(link),
        relinked=_RELINKED.get(link),
        status=_STATUS[str(change.record_status)],
        bits=_bits(event.weight),
    )


def _of_id(change: Change) -> str:
    number = f"O número {shown(str(change.municipal_id))}"
    match change.change:
        case ChangeKind.MERGED:
            return f"{number} passou a indicar o mesmo cidadão que {_or_nobody(change)}."
        case ChangeKind.SPLIT:
            return f"{number} voltou a indicar um cidadão próprio."
        case ChangeKind.AMBIGUOUS:
            return (
                f"{number} ficou ambíguo até {_day(change.ambiguous_until)}: "
                "sozinho não responde, com o registro da origem sim."
            )
        case ChangeKind.SETTLED:
            return f"{number} deixou de ser ambíguo."
        case ChangeKind.REINSTATED:
            return f"{number} voltou a valer."
        case _:
            return f"{number} foi retirado: ninguém ficou com ele."


def _or_nobody(change: Change) -> str:
    return "nenhum outro" if change.resolves_to is None else shown(change.resolves_to)


def _named(municipal_id: str, requested: str) -> str:
    """The ID; that asked for is marked, so that the reader sees which side is theirs."""
    return f"{shown(municipal_id)}{' (este)' if municipal_id == requested else ''}"


def _bits(weight: float | None) -> str:
    return "" if weight is None else f" (força {weight:.1f} bits)".replace(".", ",")


def _day(day: str | None) -> str:
    return "" if day is None else "/".join(reversed(day[:10].split("-")))
