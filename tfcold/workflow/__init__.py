"""The route that `tfcold fit` and `tfcold demo` share: tables -> split -> features -> model -> figures -> bundle.

Each function is one step, so a notebook can take any of them: `read_tables`, `split_of`, `build_features`,
`fit_bundle`; `tuned_baselines` are what a model is held against. Nothing here trains, ranks or saves by itself; the
rooms do.
"""

from tfcold.workflow.features import Encoded, Words, build_features, check_words, default_store
from tfcold.workflow.fitting import Fitted, fingerprint_of, fit_bundle, report_of, resumable, validation_of
from tfcold.workflow.reading import check_reading
from tfcold.workflow.tables import Tables, check_columns, read_item_vectors, read_tables, split_of
from tfcold.workflow.tuning import Grids, TunedBaselines, best_on_validation, tuned_baselines

__all__ = [
    "Encoded",
    "Fitted",
    "Grids",
    "Tables",
    "TunedBaselines",
    "Words",
    "best_on_validation",
    "build_features",
    "check_columns",
    "check_reading",
    "check_words",
    "default_store",
    "fingerprint_of",
    "fit_bundle",
    "read_item_vectors",
    "read_tables",
    "report_of",
    "resumable",
    "split_of",
    "tuned_baselines",
    "validation_of",
]
