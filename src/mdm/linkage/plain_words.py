"""Evidence in two plain Portuguese sentences: what was found, and what would settle it.

Said to caseworkers and stewards, so it names no number, no name and no date.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from mdm.domain.scored_pair import Guard
from mdm.linkage.explain import MISSING, Finding
from mdm.linkage.pair_scorer import PairWeight
from mdm.linkage.settling import APART, ASKED_FOR, LINKED, REVIEW, Settling

_LEAST_PRO: Final = 2.0
_LEAST_CON: Final = 0.3
_MOST_PROS, _MOST_CONS = 3, 2
_FAMILY_BITS: Final = -5.0

CLAUSES: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("given", "equal"): "o prenome é igual",
        ("given", "equal_alone"): "o prenome é igual",
        ("given", "sounds_equal"): "o prenome soa igual",
        ("given", "contained"): "um lado tem um prenome a mais",
        ("given", "initial"): "do prenome há só a inicial em um lado",
        ("given", "typo"): "o prenome difere em uma letra",
        ("given", "names_sound_equal"): "os prenomes são dois nomes usuais que soam iguais",
        ("given", "near_names"): "os prenomes são dois nomes usuais que diferem em uma letra",
        ("given", "first_equal_rest_differs"): "só o primeiro prenome é igual",
        ("given", "shared"): "só um dos prenomes aparece nos dois lados",
        ("given", "far_typo"): "o prenome difere em duas letras",
        ("given", "social"): "o nome social de um lado é o prenome do outro",
        ("given", "exchanged"): "os nomes são os mesmos, em outra ordem",
        ("given", "crossed"): "o prenome de um lado é o sobrenome do outro",
        ("given", "short_typo"): "o prenome, curto, difere em uma letra",
        ("given", "conflict"): "o prenome é outro",
        ("surname", "equal"): "o sobrenome é igual",
        ("surname", "sounds_equal"): "o sobrenome soa igual",
        ("surname", "contained"): "um lado tem um sobrenome a mais",
        ("surname", "typo"): "o sobrenome tem um erro de digitação",
        ("surname", "last_equal"): "o último sobrenome é igual",
        ("surname", "shared"): "um dos sobrenomes é igual",
        ("surname", "last_typo"): "o último sobrenome difere em uma letra",
        ("surname", "exchanged"): "prenome e sobrenome estão trocados",
        ("surname", "crossed"): "o sobrenome de um lado é o prenome do outro",
        ("surname", "last_short_typo"): "o último sobrenome, curto, difere em uma letra",
        ("surname", "far_typo"): "o sobrenome difere em duas letras",
        ("surname", "conflict"): "o sobrenome é outro",
        ("mother", "equal"): "o nome da mãe é igual",
        ("mother", "equal_of_unnamed"): "o nome da mãe é igual",
        ("mother", "sounds_equal"): "o nome da mãe soa igual",
        (
            "mother",
            "given_equal_surname_contained",
        ): "a mãe tem um sobrenome a mais em um dos lados",
        ("mother", "typo"): "o nome da mãe tem um erro de digitação",
        (
            "mother",
            "first_equal_surname_shared",
        ): "da mãe coincidem o primeiro nome e um sobrenome",
        ("mother", "given_equal"): "o prenome da mãe é igual",
        ("mother", "first_equal"): "só o primeiro nome da mãe é igual",
        ("mother", "surname_shared"): "as mães têm só um sobrenome em comum",
        ("mother", "exchanged_with_father"): "o nome da mãe de um lado é o do pai no outro",
        ("mother", "conflict"): "o nome da mãe é outro",
        ("birth_date", "equal"): "a data de nascimento é igual",
        ("birth_date", "equal_default_day"): "a data de nascimento é o mesmo 1º de janeiro",
        ("birth_date", "day_month_swapped"): "dia e mês de nascimento estão trocados",
        ("birth_date", "one_slip"): "a data de nascimento difere em um dígito",
        (
            "birth_date",
            "day_and_month_equal",
        ): "só o dia e o mês de nascimento são iguais",
        (
            "birth_date",
            "year_and_month_equal",
        ): "só o mês e o ano de nascimento são iguais",
        ("birth_date", "two_slips"): "a data de nascimento difere em dois dígitos",
        (
            "birth_date",
            "year_equal_default_day",
        ): "o ano de nascimento é igual, e um lado diz 1º de janeiro",
        ("birth_date", "year_equal"): "só o ano de nascimento é igual",
        ("birth_date", "conflict"): "a data de nascimento é outra",
        ("cpf", "equal"): "o CPF é o mesmo",
        ("cpf", "near"): "o CPF difere em um ou dois dígitos",
        ("cpf", "conflict"): "o CPF é outro",
        ("cns", "common"): "o CNS é o mesmo",
        ("cns", "conflict"): "o CNS é outro",
        ("nis", "equal"): "o NIS é o mesmo",
        ("nis", "near"): "o NIS difere em um dígito",
        ("nis", "conflict"): "o NIS é outro",
        ("birth_certificate", "equal"): "a certidão de nascimento é a mesma",
        ("birth_certificate", "near"): "a certidão de nascimento difere em um ou dois dígitos",
        ("birth_certificate", "conflict"): "a certidão de nascimento é outra",
        ("dnv", "equal"): "a declaração de nascido vivo é a mesma",
        ("dnv", "conflict"): "a declaração de nascido vivo é outra",
        ("inep_id", "equal"): "o código INEP é o mesmo",
        ("inep_id", "conflict"): "o código INEP é outro",
        ("rg", "equal"): "o RG é o mesmo",
        ("rg", "conflict"): "o RG é outro",
        ("phone", "common"): "o telefone é o mesmo",
        ("phone", "conflict"): "o telefone é outro",
        ("email", "equal"): "o e-mail é o mesmo",
        ("email", "conflict"): "o e-mail é outro",
        ("address", "equal_in_area"): "o endereço é o mesmo",
        ("address", "equal"): "a rua e o número são os mesmos",
        ("address", "street_in_area"): "a rua é a mesma, no mesmo bairro ou CEP",
        ("address", "street_equal"): "só a rua é a mesma",
        ("address", "number_in_postal_code"): "o CEP e o número da casa são os mesmos",
        ("address", "area_equal"): "o bairro e o CEP são os mesmos",
        ("address", "postal_code_equal"): "só o CEP é o mesmo",
        ("address", "number_in_district"): "o bairro e o número da casa são os mesmos",
        ("address", "district_equal"): "só o bairro é o mesmo",
        ("address", "street_typo"): "o nome da rua tem um erro de digitação",
        ("address", "conflict"): "o endereço é outro",
        ("sex", "equal_of_one_name"): "o sexo é o mesmo, como já diz o prenome",
        ("sex", "conflict_of_one_name"): "o sexo anotado é outro, com o mesmo prenome",
        ("sex", "equal_of_like_names"): "o sexo é o mesmo, como já dizem os prenomes parecidos",
        ("sex", "equal"): "o sexo é o mesmo",
        ("sex", "conflict"): "o sexo anotado é outro",
        ("father", "equal"): "o nome do pai é igual",
        ("father", "typo"): "o nome do pai tem um erro de digitação",
        ("father", "first_equal"): "só o primeiro nome do pai é igual",
        ("father", "exchanged_with_mother"): "os nomes de pai e mãe estão trocados",
        ("father", "conflict"): "o nome do pai é outro",
        ("suffix", "equal"): "o agnome (Filho, Júnior, Neto) é igual",
        ("suffix", "conflict"): "o agnome (Filho, Júnior, Neto) é outro",
        ("twin_mark", "marked"): "o nome de recém-nascido diz que é gêmeo",
        ("twin_mark", "unmarked"): "o nome de recém-nascido não fala em gêmeo",
    }
)
"""(Comparison, level) -> a clause without capital and stop. A level without one fails a test."""

_NOUNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cpf": "CPF",
        "birth_date": "data de nascimento",
        "mother": "nome da mãe",
        "cns": "CNS",
        "birth_certificate": "certidão de nascimento",
        "dnv": "declaração de nascido vivo",
        "nis": "NIS",
        "inep_id": "código INEP",
        "rg": "RG",
    }
)
NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "given": "Prenome",
        "surname": "Sobrenome",
        "mother": "Nome da mãe",
        "birth_date": "Data de nascimento",
        "cpf": "CPF",
        "cns": "CNS",
        "nis": "NIS",
        "birth_certificate": "Certidão de nascimento",
        "dnv": "Nascido vivo",
        "inep_id": "Código INEP",
        "rg": "RG",
        "phone": "Telefone",
        "email": "E-mail",
        "address": "Endereço",
        "sex": "Sexo",
        "father": "Nome do pai",
        "suffix": "Agnome",
        "twin_mark": "Marca de gêmeo",
    }
)
"""Comparison -> what people call it."""

_FEMININE: Final = frozenset({"birth_date", "birth_certificate", "dnv", "twin_mark"})
_ASKED_OF_EVERYBODY: Final = ("cpf", "cns", "birth_date", "mother")

GUARD_CLAUSES: Final[Mapping[Guard, str]] = MappingProxyType(
    {
        Guard.DIFFERENT_JUDGEMENT: "uma pessoa já decidiu que são duas",
        Guard.SAME_FAMILY: "a família declarada lista os dois como pessoas distintas",
        Guard.SAME_CLASS: "são dois alunos da mesma turma",
        Guard.TWO_CPFS: "cada registro tem o seu CPF, e os dois são válidos",
        Guard.TWIN_PATTERN: (
            "a mãe e a data de nascimento são as mesmas e os nomes são dois, como em gêmeos"
        ),
        Guard.OTHER_PERSON: "os nomes são dois e as datas de nascimento também",
        Guard.ACTIVITY_AFTER_DEATH: "há atendimento depois do óbito informado",
        Guard.RESTRICTED_BRIDGE: "um registro de acesso restrito não pode ligar outros dois",
    }
)
_SETTLED_BY_PEOPLE: Final = frozenset(
    {Guard.TWO_CPFS, Guard.TWIN_PATTERN, Guard.ACTIVITY_AFTER_DEATH}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the sentences are made of.

    Attributes:
        outcome: What became of the pair: `linked`, `review` or `apart`.
        findings: Of each comparison, what it found and its bits.
        relatives: Bits taken off because close relatives would look like this too.
        guards: What forbids the machine to join the two, the gravest first.
        settling: What would change the decision; see `mdm.linkage.settling.would_settle`.
        not_theirs: Identifiers that a side carries though they are another person's.
    """

    outcome: str
    findings: Sequence[Finding]
    relatives: float = 0.0
    guards: Sequence[Guard] = ()
    settling: Sequence[Settling] = ()
    not_theirs: Collection[str] = ()


def clause(comparison: str, level: str) -> str:
    """What a level says, as a clause."""
    return "falta em um dos lados" if level == MISSING else CLAUSES[comparison, level]


def findings_of(weight: PairWeight) -> tuple[Finding, ...]:
    """What a weighed pair found, the rarity of the values counted with each comparison."""
    return tuple(
        Finding(said.comparison, said.level, said.bits + said.frequency_bits)
        for said in weight.contributions
    )


def two_sentences(evidence: Evidence) -> tuple[str, str]:
    """What was found and done; what is missing and would settle it."""
    return _found(evidence), _settled(evidence)


def _found(evidence: Evidence) -> str:
    pros, cons = _clauses(evidence.findings)
    if evidence.outcome == LINKED:
        told = f"O sistema une os dois registros porque {_and(pros) or _BY_PEOPLE}"
        return f"{told}; contra isso, {_and(cons)}." if cons else f"{told}."
    start = (
        "O sistema mantém os dois registros separados"
        if evidence.outcome == APART
        else "O sistema não decide sozinho"
    )
    if evidence.guards:
        told = f"{start}: {GUARD_CLAUSES[evidence.guards[0]]}"
        return f"{told}; a favor da união, {_and(pros)}." if pros else f"{told}."
    if evidence.relatives < _FAMILY_BITS and pros:
        if not cons:
            return f"{start}: {_and(pros)}, mas isso também coincide entre parentes próximos."
        return f"{start}: {', '.join(cons)}, e {_FAMILY}."
    if not cons:
        return f"{start}: {_and(pros) or 'nada pôde ser comparado'}, e isso é pouco."
    return f"{start}: {_and(pros)}, mas {_and(cons)}." if pros else f"{start}: {_and(cons)}."


_BY_PEOPLE: Final = "a curadoria os uniu"
_FAMILY: Final = "o que coincide também coincide entre parentes próximos"


def _settled(evidence: Evidence) -> str:
    if evidence.guards and evidence.guards[0] in _SETTLED_BY_PEOPLE:
        return "Só duas pessoas da curadoria, de acordo, podem unir os registros."
    if evidence.guards:
        return "Só a curadoria pode decidir de outro modo."
    told = list(filter(None, (_borrowed(evidence), _lacking(evidence))))
    if evidence.settling:
        first = evidence.settling[0]
        return _capital(f"{'; '.join([*told, _effect(first, evidence.outcome)])}.")
    if evidence.outcome == REVIEW:
        told.append("é preciso perguntar à pessoa ou ao serviço")
    elif told:
        return _capital(f"{'; '.join(told)}, mas isso não muda a decisão.")
    return _capital(f"{'; '.join(told)}.") if told else "Nada do que importa falta."


def _borrowed(evidence: Evidence) -> str:
    names = [_NOUNS[name] for name in ASKED_FOR if name in evidence.not_theirs]
    if not names:
        return ""
    return f"o {_and(names)} anotado em um deles não é dessa pessoa e não conta"


def _lacking(evidence: Evidence) -> str:
    """What everybody has and a side lacks."""
    lacking = {f.comparison for f in evidence.findings if f.level == MISSING}
    names = [n for n in _ASKED_OF_EVERYBODY if n in lacking - set(evidence.not_theirs)]
    nouns = [f"{'a' if name in _FEMININE else 'o'} {_NOUNS[name]}" for name in names]
    verb = "falta" if len(nouns) == 1 else "faltam"
    return f"{verb} {_and(nouns)} em ao menos um dos lados" if nouns else ""


def _effect(settling: Settling, outcome: str) -> str:
    """What knowing the value would do."""
    noun = _NOUNS[settling.comparison]
    one, other = ("uma", "outra") if settling.comparison in _FEMININE else ("um", "outro")
    equal = f"{one} {noun} igual {_ENDS[settling.then_equal]}"
    if settling.then_different == outcome:
        return equal
    if settling.then_equal == outcome:
        return f"{one} {noun} diferente {_ENDS[settling.then_different]}"
    return f"{equal}, e {other} {_SHORTLY[settling.then_different]}"


_ENDS: Final = MappingProxyType(
    {
        LINKED: "uniria os registros",
        REVIEW: "deixaria a decisão para a curadoria",
        APART: "separaria os registros",
    }
)
_SHORTLY: Final = MappingProxyType(
    {LINKED: "os uniria", REVIEW: "deixaria a decisão para a curadoria", APART: "os separaria"}
)


def _clauses(findings: Sequence[Finding]) -> tuple[list[str], list[str]]:
    """What speaks for one person and what against, the weightiest first."""
    told = sorted(findings, key=lambda finding: -abs(finding.bits))
    pros = [CLAUSES[f.comparison, f.level] for f in told if f.bits >= _LEAST_PRO]
    cons = [CLAUSES[f.comparison, f.level] for f in told if f.bits <= -_LEAST_CON]
    return pros[:_MOST_PROS], cons[:_MOST_CONS]


def _and(parts: Sequence[str]) -> str:
    """a, b e c."""
    return " e ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
