"""What a control sample is drawn from: linked pairs and pairs left apart, in strata of weight.

The frame holds every pair of records of one citizen that no steward has judged, and every scored
pair of two citizens; of the candidate pairs under the review threshold, which nobody stores, a
first random part is weighed and tells how large their strata are (double sampling: Neyman,
Journal of the American Statistical Association 33, 1938).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from mdm.duck import count_rows, first_row, write_batches

MEMBER = pa.schema(
    [("record_id", pa.int64()), ("municipal_id", pa.string()), ("link_status", pa.string())]
)
WEIGHED = pa.schema(
    [("record_l", pa.int64()), ("record_r", pa.int64()), ("match_weight", pa.float64())]
)
JUDGED = pa.schema([("record_l", pa.int64()), ("record_r", pa.int64())])
LINKED, APART = "linked", "apart"
LEAST = 0.025
_BESIDE = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A stratum before it is counted.

    Attributes:
        name: Stable name; bits of weight.
        side: `LINKED` or `APART`.
        low, high: Weights from `low` to below `high`; None both for pairs that were never scored.
        doubt: Share expected to be otherwise than the machine left them, for the allocation alone.
    """

    name: str
    side: str
    low: float | None
    high: float | None
    doubt: float


def bands(review: float, link: float) -> tuple[Band, ...]:
    """The strata of a model's thresholds, in bits."""
    edges = [link, link + 5, link + 13, link + 23]
    doubts = (0.03, 0.005, 0.002)
    linked = [
        Band(name=f"linked {low:g} to {high:g}", side=LINKED, low=low, high=high, doubt=doubt)
        for low, high, doubt in zip(edges, edges[1:], doubts, strict=False)
    ]
    half = (review + link) / 2
    below = [review - _BESIDE, review - 2 * _BESIDE]
    return (
        Band(name="linked, never scored", side=LINKED, low=None, high=None, doubt=0.02),
        Band(name=f"linked under {link:g}", side=LINKED, low=-1e9, high=link, doubt=0.1),
        *linked,
        Band(name=f"linked from {edges[-1]:g}", side=LINKED, low=edges[-1], high=1e9, doubt=0.002),
        Band(name=f"apart from {link:g}", side=APART, low=link, high=1e9, doubt=0.2),
        Band(name=f"apart {half:g} to {link:g}", side=APART, low=half, high=link, doubt=0.4),
        Band(name=f"apart {review:g} to {half:g}", side=APART, low=review, high=half, doubt=0.15),
        Band(name=f"apart {below[0]:g} to {review:g}", side=APART, low=below[0], high=review,
             doubt=0.02),
        Band(name=f"apart {below[1]:g} to {below[0]:g}", side=APART, low=below[1], high=below[0],
             doubt=0.002),
        Band(name=f"apart under {below[1]:g}", side=APART, low=-1e9, high=below[1], doubt=0.0005),
    )  # fmt: skip


def write_frame(
    con: duckdb.DuckDBPyConnection,
    members: Iterable[pa.RecordBatch],
    scored: Iterable[pa.RecordBatch],
    judged: Iterable[pa.RecordBatch],
) -> int:
    """Write `frame(record_l, record_r, match_weight, side)` of stored and linked pairs.

    Args:
        con: The volume database.
        members: Present records that everybody at the desk may see, with their citizen.
        scored: Pairs that the registry stores.
        judged: Pairs that a steward's standing judgement decides.

    Returns:
        Linked pairs that stewards decided: these are no automatic links and are not drawn.
    """
    write_batches(con, "frame_member", members, MEMBER)
    write_batches(con, "frame_scored", scored, WEIGHED)
    write_batches(con, "frame_judged", judged, JUDGED)
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE frame_linked AS
        SELECT l.record_id AS record_l, r.record_id AS record_r, s.match_weight,
               j.record_l IS NOT NULL
                 OR (l.link_status = 'confirmed' AND r.link_status = 'confirmed') AS by_steward
        FROM frame_member l JOIN frame_member r
          ON r.municipal_id = l.municipal_id AND l.record_id < r.record_id
        LEFT JOIN frame_scored s ON s.record_l = l.record_id AND s.record_r = r.record_id
        LEFT JOIN frame_judged j ON j.record_l = l.record_id AND j.record_r = r.record_id
        """
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE frame AS
        SELECT record_l, record_r, match_weight, '{LINKED}' AS side FROM frame_linked
        WHERE NOT by_steward
        UNION ALL
        SELECT s.record_l, s.record_r, s.match_weight, '{APART}' FROM frame_scored s
        JOIN frame_member l ON l.record_id = s.record_l
        JOIN frame_member r ON r.record_id = s.record_r AND r.municipal_id <> l.municipal_id
        ANTI JOIN frame_judged j ON j.record_l = s.record_l AND j.record_r = s.record_r
        """
    )
    return int(first_row(con, "SELECT count(*) FROM frame_linked WHERE by_steward")[0])


def write_unscored(con: duckdb.DuckDBPyConnection, size: int, seed: int) -> int:
    """Write `unscored(join_key_l, join_key_r, match_key)`: a random part of the other candidates.

    Returns:
        How many candidates there are that are neither stored nor linked.
    """
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE frame_other AS
        SELECT c.join_key_l, c.join_key_r, c.match_key FROM candidate c
        SEMI JOIN frame_member l ON l.record_id = c.join_key_l
        SEMI JOIN frame_member r ON r.record_id = c.join_key_r
        ANTI JOIN frame_scored s ON s.record_l = c.join_key_l AND s.record_r = c.join_key_r
        ANTI JOIN frame_linked k ON k.record_l = c.join_key_l AND k.record_r = c.join_key_r
        ANTI JOIN frame_judged j ON j.record_l = c.join_key_l AND j.record_r = c.join_key_r
        """
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE unscored AS SELECT * FROM frame_other "
        f"ORDER BY hash(join_key_l, join_key_r, {seed:d}), join_key_l, join_key_r LIMIT {size:d}"
    )
    return count_rows(con, "frame_other")


def draw(
    con: duckdb.DuckDBPyConnection,
    strata: Sequence[Band],
    others: int,
    *,
    review: float,
    size: int,
    seed: int,
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Draw a stratified sample from `frame` and `weighed` (the weights of `unscored`).

    Args:
        con: The volume database.
        strata: From `bands`.
        others: What `write_unscored` counted.
        review: The review threshold: who weighs more and is not stored came after the last plan.
        size: Pairs to draw, fewer where there are fewer.
        seed: The same seed draws the same pairs of the same registry.

    Returns:
        Strata (name, side, population, drawn) and pairs (record_l, record_r, match_weight,
        stratum, content_hash, place: a random number from 0 to 1).
    """
    weighed = max(count_rows(con, "weighed"), 1)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE frame_banded AS
        SELECT f.record_l, f.record_r, f.match_weight, {_case(strata)} AS stratum,
               hash(f.record_l, f.record_r, {seed:d}) AS place, share
        FROM (SELECT record_l, record_r, match_weight, side, 1.0 AS share FROM frame UNION ALL
              SELECT record_l, record_r, match_weight, '{APART}', {others / weighed!r}
              FROM weighed WHERE match_weight < {review!r}) f
        """
    )
    counted = {
        name: (float(total), int(rows))
        for name, total, rows in con.execute(
            "SELECT stratum, sum(share), count(*) FROM frame_banded GROUP BY stratum"
        ).fetchall()
    }
    known = [band for band in strata if band.name in counted]
    wanted = allocation({b.name: counted[b.name] for b in known}, known, size)
    con.register(
        "wanted_rows",
        pa.table(
            {
                "stratum": pa.array(list(wanted), pa.string()),
                "wanted": pa.array(list(wanted.values()), pa.int64()),
            }
        ),
    )
    pairs = con.sql(
        """
        WITH ranked AS (SELECT *, row_number() OVER (PARTITION BY stratum
                          ORDER BY place, record_l, record_r) AS n FROM frame_banded)
        SELECT k.record_l, k.record_r, k.match_weight, k.stratum,
               md5(l.content_hash || r.content_hash) AS content_hash,
               (hash(k.place) % 1000000) / 1000000.0 AS place
        FROM ranked k JOIN wanted_rows w USING (stratum)
        JOIN standard l ON l.record_id = k.record_l JOIN standard r ON r.record_id = k.record_r
        WHERE k.n <= w.wanted ORDER BY k.record_l, k.record_r
        """
    ).to_arrow_table().to_pylist()  # fmt: skip
    con.unregister("wanted_rows")
    drawn: dict[object, int] = {}
    for pair in pairs:
        drawn[pair["stratum"]] = drawn.get(pair["stratum"], 0) + 1
    told: list[dict[str, object]] = [
        {
            "name": band.name,
            "side": band.side,
            "population": round(counted[band.name][0]),
            "drawn": drawn.get(band.name, 0),
        }
        for band in known
    ]
    return told, pairs


def allocation(
    counted: Mapping[str, tuple[float, int]], strata: Sequence[Band], size: int
) -> dict[str, int]:
    """How many to draw of each stratum: Neyman's (1934) optimal allocation, and `LEAST` each.

    Two thirds go to linked pairs: their precision is what a city promises.

    Args:
        counted: Stratum -> its size, and how many of it can be drawn.
        strata: The strata counted.
        size: Pairs to draw.
    """
    wanted: dict[str, int] = {}
    for side, share in ((LINKED, 2 / 3), (APART, 1 / 3)):
        ours = [band for band in strata if band.side == side]
        weights = {b.name: counted[b.name][0] * (b.doubt * (1 - b.doubt)) ** 0.5 for b in ours}
        whole = sum(weights.values())
        for band in ours:
            best = weights[band.name] / whole if whole > 0 else 1 / len(ours)
            number = max(share * size * best, size * LEAST)
            wanted[band.name] = min(round(number), counted[band.name][1])
    return _trimmed(wanted, size)


def _trimmed(wanted: dict[str, int], size: int) -> dict[str, int]:
    """No more than asked for: the largest parts give way."""
    while sum(wanted.values()) > size:
        largest = max(wanted, key=lambda name: (wanted[name], name))
        over = sum(wanted.values()) - size
        wanted[largest] -= max(1, min(over, wanted[largest] // 10))
    return wanted


def _case(strata: Sequence[Band]) -> str:
    whens = []
    for band in strata:
        weight = (
            "match_weight IS NULL"
            if band.low is None
            else f"match_weight >= {band.low!r} AND match_weight < {band.high!r}"
        )
        whens.append(f"WHEN side = '{band.side}' AND {weight} THEN '{band.name}'")
    return f"CASE {' '.join(whens)} END"


def drop_frame(con: duckdb.DuckDBPyConnection) -> None:
    """Drop what was written for a sample and is of no further use."""
    for table in ("frame_member", "frame_scored", "frame_judged", "weighed", "unscored",
                  "frame", "frame_linked", "frame_other", "frame_banded",
                  "link_record"):  # fmt: skip
        con.execute(f"DROP TABLE IF EXISTS {table}")


_GROUPS = """
SELECT p.record_l, p.record_r, l.source AS source_l, r.source AS source_r,
       l.cpf IS NULL OR r.cpf IS NULL OR coalesce(nl.cpf, false) OR coalesce(nr.cpf, false)
         AS no_cpf,
       l.mother IS NULL OR r.mother IS NULL AS no_mother,
       greatest(l.birth_date, r.birth_date) > $today::DATE - INTERVAL 6 YEAR AS under_6,
       l.sex = 'F' AND r.sex = 'F'
         AND least(l.birth_date, r.birth_date) BETWEEN $today::DATE - INTERVAL 60 YEAR
                                                   AND $today::DATE - INTERVAL 20 YEAR
         AS women_20_to_60,
       l.name_kind = 'newborn' OR r.name_kind = 'newborn' AS newborn,
       l.name NOT LIKE '% %' OR r.name NOT LIKE '% %' OR l.foreign_document IS NOT NULL
         OR r.foreign_document IS NOT NULL AS foreign_or_one_name,
       l.race, r.race
FROM group_pair p JOIN standard l ON l.record_id = p.record_l
JOIN standard r ON r.record_id = p.record_r
LEFT JOIN not_own nl ON nl.record_id = l.record_id
LEFT JOIN not_own nr ON nr.record_id = r.record_id
"""
_NAMED = ("no_cpf", "no_mother", "under_6", "women_20_to_60", "newborn", "foreign_or_one_name")


def groups_of(
    con: duckdb.DuckDBPyConnection, pairs: Sequence[tuple[int, int]], today: str
) -> dict[tuple[int, int], frozenset[str]]:
    """For each pair the sources (`source:NAME`) and subgroups that it belongs to.

    Args:
        con: Holds `standard` and `not_own`.
        pairs: Smaller record first.
        today: ISO day.
    """
    con.register(
        "group_pair",
        pa.table(
            {
                "record_l": pa.array([pair[0] for pair in pairs], pa.int64()),
                "record_r": pa.array([pair[1] for pair in pairs], pa.int64()),
            }
        ),
    )
    found = {}
    for left, right, source_l, source_r, *rest in con.execute(_GROUPS, {"today": today}).fetchall():
        flags = dict(zip(_NAMED, rest, strict=False))
        names = {f"source:{source_l}", f"source:{source_r}"}
        names |= {name for name, holds in flags.items() if holds}
        races = {f"race:{race}" for race in rest[len(_NAMED) :] if race is not None}
        found[left, right] = frozenset(names | races)
    con.unregister("group_pair")
    return found
