"""The e-SUS PEC extract: the citizen table as CSV with `;`, UTF-8."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mdm.synth.layout_text import ESUS_RACE, constant, part, recoded
from mdm.synth.received import Received
from mdm.synth.streams import Streams
from mdm.synth.writing import write_csv

FILE = "esus-pec/cidadao.csv"
# Rows that the health system itself has already unified away: copies with keys of their own. They
# are in no truth, a loader must leave them out.
UNIFIED_SHARE = 0.004


def write_pec(out: Path, source: Received, streams: Streams) -> list[str]:
    """Write the extract; gives the paths below `out`."""
    table = _citizens(source.table)
    rng = streams.named("unified rows")
    again = np.flatnonzero(rng.random(len(table)) < UNIFIED_SHARE)
    copies = table.take(pa.array(again))
    keys = [f"{key[:9]}0000-4000-b{key[20:]}" for key in copies["co_unico_cidadao"].to_pylist()]
    serial = 9_000_001 + np.arange(len(again))
    for name, values in (
        ("co_unico_cidadao", pa.array(keys, pa.string())),
        ("co_seq_cidadao", pc.cast(pa.array(serial), pa.string())),
        ("st_ativo", constant("0", len(again))),
        ("st_unificado", constant("1", len(again))),
    ):
        copies = copies.set_column(copies.column_names.index(name), name, values)
    write_csv(out / FILE, pa.concat_tables([table, copies]), ";")
    return [FILE]


def _citizens(table: pa.Table) -> pa.Table:
    column: dict[str, Any] = {name: table[name].combine_chunks() for name in table.column_names}
    first, second = part(column["phone"], 0), part(column["phone"], 1)
    length = pc.utf8_length(pc.fill_null(first, ""))
    mobile = pc.equal(length, 11)
    nothing = pa.scalar(None, pa.string())
    active = pc.equal(column["service_status"], "active")
    return pa.table(
        {
            "co_seq_cidadao": column["_sequence"],
            "co_unico_cidadao": column["local_id"],
            "nu_cpf": column["cpf"],
            "nu_cns": column["cns"],
            "no_cidadao": column["full_name"],
            "no_social": column["social_name"],
            "no_mae": column["mother_name"],
            "no_pai": column["father_name"],
            "dt_nascimento": column["birth_date"],
            "no_sexo": recoded(column["sex"], {"M": "MASCULINO", "F": "FEMININO"}),
            "co_raca_cor": recoded(column["race"], ESUS_RACE),
            "st_desconhece_nome_mae": pc.if_else(pc.is_null(column["mother_name"]), "1", "0"),
            "dt_obito": column["deceased_on"],
            "st_ativo": pc.if_else(active, "1", "0"),
            "st_unificado": constant("0", len(table)),
            "st_protegido": pc.if_else(pc.is_null(column["restricted"]), "0", "1"),
            "ds_cep": column["postal_code"],
            "ds_logradouro": column["street"],
            "nu_numero": column["street_number"],
            "no_bairro": column["district"],
            "co_localidade_endereco": column["municipality"],
            "nu_telefone_celular": pc.if_else(mobile, first, nothing),
            "nu_telefone_residencial": second,
            "nu_telefone_contato": pc.if_else(mobile, nothing, first),
            "ds_email": column["email"],
            "co_localidade": column["birth_municipality"],
            "nu_dnv": column["dnv"],
            "nu_certidao": column["birth_certificate"],
            "dt_atualizado": pc.replace_substring(column["updated_at"], "T", " "),
            "co_cnes": column["unit_code"],
            "no_unidade": column["unit_name"],
            "nu_ine": column["_team"],
        }
    )
