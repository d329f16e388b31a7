"""The Portuguese words of the run report. A code without a word here is shown as it is."""

FIELDS = {
    "full_name": "nome",
    "given_name": "prenome",
    "family_name": "sobrenome",
    "name": "nome civil",
    "name_shown": "nome civil",
    "suffix": "agnome",
    "social_name": "nome social",
    "nickname": "apelido",
    "mother_name": "nome da mãe",
    "mother": "nome da mãe",
    "father_name": "nome do pai",
    "father": "nome do pai",
    "birth_date": "data de nascimento",
    "birth_municipality": "município de nascimento",
    "sex": "sexo",
    "race": "raça/cor",
    "cpf": "CPF",
    "cns": "CNS",
    "nis": "NIS",
    "inep_id": "código INEP",
    "voter_id": "título de eleitor",
    "rg": "RG",
    "birth_certificate": "certidão de nascimento",
    "dnv": "DNV",
    "foreign_document": "documento estrangeiro",
    "phone": "telefone",
    "phones": "telefone",
    "email": "e-mail",
    "emails": "e-mail",
    "street": "logradouro",
    "street_number": "número",
    "district": "bairro",
    "postal_code": "CEP",
    "municipality": "município",
    "address": "endereço",
    "household_id": "família",
    "household_role": "parentesco",
    "guardian_name": "responsável",
    "guardian_cpf": "CPF do responsável",
    "unit_code": "unidade",
    "unit_name": "nome da unidade",
    "class_code": "turma",
    "service_status": "situação no serviço",
    "service_since": "início no serviço",
    "last_contact_on": "último contato",
    "merged_into": "unificado em",
    "restricted": "sigilo",
    "updated_at": "atualização",
    "deceased_on": "data do óbito",
}
REASONS = {
    "bad_characters": "caracteres inválidos",
    "bad_check_digit": "dígito verificador não confere",
    "bad_length": "tamanho errado",
    "blocklisted": "valor de preenchimento conhecido",
    "default_date": "data padrão do sistema",
    "epoch_seconds_for_milliseconds": "segundos no lugar de milissegundos",
    "future_date": "data no futuro",
    "impossible_date": "data impossível",
    "not_a_social_name": "repete o nome civil ou o da mãe",
    "placeholder": "texto no lugar de valor",
    "too_old": "data antiga demais",
    "too_short": "curto demais",
    "unknown_code": "código desconhecido",
    "unusable": "não aproveitável",
    "not_theirs": "documento de outra pessoa",
    "contested": "documento usado por mais de uma pessoa",
    "merged_into_unknown": "unificado em cadastro que a fonte não enviou",
    "merged_in_a_circle": "cadastros unificados uns nos outros",
    "several_services": "mais de um serviço na mesma linha",
}
LINKS = {
    "alone": "registro sozinho",
    "automatic": "automática",
    "confirmed": "confirmada por pessoa",
    "source_merge": "unificação feita na fonte",
    "held": "mantida (laço já existente)",
    "minted": "IDs novos",
    "linked": "registros ligados",
    "moved": "registros movidos",
    "merged": "cidadãos unidos",
    "split": "cidadãos separados",
}
REVIEW = {
    "between_thresholds": "peso entre os limiares",
    "within_margin": "duas ligações quase iguais",
    "refused_by_guard": "recusada por uma regra de proteção",
    "suspended_judgement": "decisão suspensa: o dado mudou",
    "source_merge_refused": "unificação da fonte recusada",
    "different_judgement": "decidido: pessoas diferentes",
    "same_family": "dois membros da mesma família",
    "same_class": "dois alunos da mesma turma",
    "two_cpfs": "dois CPFs próprios",
    "twin_pattern": "padrão de gêmeos",
    "other_person": "nome e nascimento de outra pessoa",
    "activity_after_death": "atividade depois do óbito",
    "restricted_bridge": "registro com sigilo entre dois cidadãos",
    "held_split": "separação à espera de decisão",
    "identifier_conflict": "conflito de documento",
    "overlay": "registro que virou outra pessoa",
    "over_merge": "possível fusão indevida",
}
MEASURES = {
    "pairs": "pares ligados automaticamente",
    "cluster": "cidadãos (grupos exatos)",
    "with_review": "pares, contando a revisão",
}
STEPS = {
    "load": "carga",
    "standardise": "padronização",
    "ownership": "dono de cada documento",
    "block": "pares candidatos",
    "score": "pesos dos pares",
    "train": "treino do modelo",
    "link": "ligação",
    "cluster": "agrupamento",
    "reconcile": "conciliação com os IDs",
    "plan": "plano",
    "apply": "aplicação",
    "golden": "registros de referência",
    "report": "relatório",
    "evaluate": "avaliação",
    "total": "total",
}

# What a model's probabilities say of fewer wrong links than one in a million means nothing.
SMALLEST_SHARE = 1e-6


def label(words: dict[str, str], code: str) -> str:
    """The word for a code, or the code with spaces for underscores."""
    return words.get(code, code.replace("_", " "))


def number(value: int) -> str:
    """A whole number as Brazilians write it: 1.234.567."""
    return f"{value:,}".replace(",", ".")


def decimal(value: float, places: int = 1) -> str:
    """A decimal number as Brazilians write it: 1.234,5."""
    return f"{value:,.{places}f}".translate(str.maketrans(",.", ".,"))


def one_in(share: float) -> str:
    """A share of wrong links in words: 1 ligação errada em 10.000."""
    if share < SMALLEST_SHARE:
        return f"menos de 1 ligação errada em {number(round(1 / SMALLEST_SHARE))}"
    rounded = float(f"{1 / share:.2g}")
    if rounded < 10:  # noqa: PLR2004 - a whole number would say too little
        return f"{percent(share)} de ligações erradas"
    return f"1 ligação errada em {number(round(rounded))}"


def percent(share: float, places: int = 1) -> str:
    """A share from 0 to 1 as a percentage; never rounded up to 100 nor down to 0."""
    text = decimal(share * 100, places)
    smallest = 10**-places
    if share < 1 and text == decimal(100, places):
        text = f"> {decimal(100 - smallest, places)}"
    elif share > 0 and text == decimal(0, places):
        text = f"< {decimal(smallest, places)}"
    return f"{text}\u202f%"
