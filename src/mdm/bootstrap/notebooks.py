"""What the notebooks show: tables of the sample city, its model and its errors."""

import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd

from mdm.bootstrap.application import Application, open_application
from mdm.bootstrap.demo import run_demo
from mdm.bootstrap.evaluating import write_truth
from mdm.bootstrap.stewarding import used_model
from mdm.linkage.model import PersonModel
from mdm.linkage.person_model import COMPARISONS
from mdm.resources import samples_folder
from mdm.volume.control_frame import groups_of

_FILLED = (
    "name", "mother", "birth_date", "sex", "race", "cpf", "nis", "birth_certificate", "street",
)  # fmt: skip
_PAIRS = """
SELECT p.record_l, p.record_r, p.match_weight, p.outcome, l.person = r.person AS same
FROM plan_pair p JOIN eval_truth l ON l.record_id = p.record_l
JOIN eval_truth r ON r.record_id = p.record_r ORDER BY ALL
"""


@contextmanager
def sample_city() -> Iterator[tuple[Application, duckdb.DuckDBPyConnection]]:
    """The sample city, loaded, linked and applied in a folder that goes afterwards."""

    def silent(_step: str, _share: float) -> None:
        """Notebooks show results, not steps."""

    with tempfile.TemporaryDirectory(prefix="mdm-notebook-") as folder:
        home = Path(folder, "registry")
        run_demo(samples_folder(), home, silent)
        application = open_application(home)
        try:
            with application.synced_volume(silent) as con:
                yield application, con
        finally:
            application.store.close()


def fill_rates(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Share of records that have a value: one row a source, one column an attribute."""
    rates = ", ".join(f"avg(({name} IS NOT NULL)::INT) AS {name}" for name in _FILLED)
    found: pd.DataFrame = con.sql(
        f"SELECT source, {rates} FROM standard GROUP BY source ORDER BY source"
    ).df()
    return found.set_index("source")


def issue_counts(application: Application) -> pd.DataFrame:
    """Values that could not be used, by source and field."""
    with application.store.reading() as session:
        rows = session.rows(
            "SELECT r.source, i.field, COUNT(*) AS issues FROM issue i "
            "JOIN record r ON r.record_id = i.record_id GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
        )
    return pd.DataFrame(rows)


def level_bits(application: Application) -> pd.DataFrame:
    """Evidence of every level of the model in force, in bits: log2(m / u)."""
    model = used_model(application)
    rows = [
        {"comparison": c.name, "level": level.label, "m": p.m, "u": p.u, "r": p.r}
        for c in COMPARISONS
        for level, p in zip(c.levels, model.levels[c.name], strict=True)
    ]
    found = pd.DataFrame(rows)
    found["bits"] = (found["m"] / found["u"]).map(math.log2)
    return found


def model_in_force(application: Application) -> PersonModel:
    """The model in force."""
    return used_model(application)


def labelled_pairs(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Scored pairs of the sample city with the truth: match_weight, outcome, same."""
    write_truth(con, samples_folder() / "truth.csv")
    found: pd.DataFrame = con.sql(_PAIRS).df()
    return found


def by_threshold(pairs: pd.DataFrame) -> pd.DataFrame:
    """Precision and recall among scored pairs if all from a weight on were linked."""
    true = int(pairs["same"].sum())
    rows = []
    for threshold in range(21):
        linked = pairs[pairs["match_weight"] >= threshold]
        right = int(linked["same"].sum())
        rows.append(
            {
                "threshold": threshold,
                "precision": right / max(len(linked), 1),
                "recall": right / max(true, 1),
                "linked": len(linked),
            }
        )
    return pd.DataFrame(rows).set_index("threshold")


def errors_by_group(
    application: Application, con: duckdb.DuckDBPyConnection, pairs: pd.DataFrame
) -> pd.DataFrame:
    """Wrong and missed links of each subgroup and source, among scored pairs."""
    keys = list(zip(pairs["record_l"].tolist(), pairs["record_r"].tolist(), strict=True))
    member = groups_of(con, keys, application.today().isoformat())
    linked = (pairs["outcome"] == "linked").tolist()
    same = pairs["same"].tolist()
    rows = [
        {"group": group, "pairs": 1, "wrong": int(k and not s), "missed": int(s and not k)}
        for key, k, s in zip(keys, linked, same, strict=True)
        for group in member[key]
    ]
    return pd.DataFrame(rows).groupby("group").sum().sort_index()
