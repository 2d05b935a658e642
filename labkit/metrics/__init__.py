"""How good predictions are, and how sure we may be of that.

Arguments are in the order of the losses: what was predicted, then what is true.
scikit-learn has them the other way round.
"""

from labkit import _without_numpy
from labkit.metrics.text import bleu, clipped_matches, edit_distance, perplexity, word_error_rate

try:
    from labkit.metrics.classification import (
        accuracy,
        confusion_matrix,
        precision_recall_f1,
        wilson_interval,
    )
    from labkit.metrics.curves import (
        average_precision,
        calibration_error,
        precision_recall_curve,
        roc_area,
        roc_curve,
    )
    from labkit.metrics.detection import (
        box_iou,
        detection_average_precision,
        non_maximum_suppression,
    )
    from labkit.metrics.ranking import hit_rate, ndcg, silhouette
except ModuleNotFoundError as missing:
    _without_numpy(__name__, missing)

__all__ = [
    "accuracy",
    "average_precision",
    "bleu",
    "box_iou",
    "calibration_error",
    "clipped_matches",
    "confusion_matrix",
    "detection_average_precision",
    "edit_distance",
    "hit_rate",
    "ndcg",
    "non_maximum_suppression",
    "perplexity",
    "precision_recall_curve",
    "precision_recall_f1",
    "roc_area",
    "roc_curve",
    "silhouette",
    "wilson_interval",
    "word_error_rate",
]
