"""Splink's prediction for given pairs: the only module that imports Splink."""

import logging
from typing import Any

import duckdb
from splink import DuckDBAPI, Linker
from splink.internals.comparison_vector_values import (
    compute_comparison_vector_values_from_id_pairs_sqls,
)
from splink.internals.dialects import SplinkDialect
from splink.internals.pipeline import CTEPipeline
from splink.internals.predict import predict_from_comparison_vectors_sqls


def predict_by_splink(
    con: duckdb.DuckDBPyConnection,
    records: str,
    pairs: str,
    settings: dict[str, Any],
    threshold: float | None,
) -> tuple[str, str]:
    """Make a table of what Splink predicts; returns its name, and the SELECT that it came of.

    `Linker.inference.predict` gives the levels only together with all compared values of both
    records, a hundred text columns; the two steps it is made of are run here without them. The
    records bring the model's frozen term frequencies (`tf_*`): Splink's own are never counted.
    """
    logging.getLogger("splink").setLevel(logging.ERROR)
    api = DuckDBAPI(con)
    # The settings are ours: Splink need not search them for mistakes.
    linker = Linker(api.register(records), settings, validate_settings=False)
    model = linker._settings_obj  # noqa: SLF001 - pinned to Splink 5, see the module's test
    blocked = api.table_to_splink_dataframe("__splink__blocked_id_pairs", pairs)
    pipeline = CTEPipeline([blocked])
    pipeline.enqueue_list_of_sqls(
        compute_comparison_vector_values_from_id_pairs_sqls(
            model._columns_to_select_for_blocking,  # noqa: SLF001
            model._columns_to_select_for_comparison_vector_values,  # noqa: SLF001
            input_tablename_l=records,
            input_tablename_r=records,
            source_dataset_input_column=model.column_info_settings.source_dataset_input_column,
            unique_id_input_column=model.column_info_settings.unique_id_input_column,
        )
    )
    pipeline.enqueue_list_of_sqls(
        predict_from_comparison_vectors_sqls(
            unique_id_input_columns=model.column_info_settings.unique_id_input_columns,
            core_model_settings=model.core_model_settings,
            sql_dialect=SplinkDialect.from_string("duckdb"),
            threshold_match_weight=threshold,
            training_mode=True,
        )
    )
    predicted = api.sql_pipeline_to_splink_dataframe(pipeline)
    return str(predicted.physical_name), str(predicted.sql_used_to_create)
