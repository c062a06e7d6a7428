"""The one place that decides which Keras: `tf.keras` as tf-keras (Keras 2).

TensorFlow Recommenders 0.7 refuses Keras 3, so every tower, layer and model of tfcold is a tf-keras object.
The choice is the environment variable `TF_USE_LEGACY_KERAS`, which TensorFlow reads the first time somebody touches
`tf.keras`; setting it after `import tensorflow` is therefore early enough, as long as nothing touched it before.
Text encoders of keras-nlp run on Keras 3 in the same process and never meet the towers inside one graph.

Whatever imports TFRS imports this first, so it also keeps TFRS from a ScaNN that was made for another TensorFlow.
"""

from __future__ import annotations

import importlib
import os
import sys

os.environ["TF_USE_LEGACY_KERAS"] = "1"

import tensorflow as tf

_WAY_OUT = (
    "Restart the kernel and run `import tfcold` (or `import os; os.environ['TF_USE_LEGACY_KERAS'] = '1'`) "
    "before anything that uses `tf.keras`"
)

try:
    # tf-keras 2.21 has no `__version__` behind `tf.keras`; Keras 3 has one
    _version = str(getattr(tf.keras, "__version__", "2.x" if tf.keras.Model.__module__.startswith("tf_keras") else "?"))
except ImportError as error:  # tf-keras is missing, or its minor version is not TensorFlow's
    raise ImportError(
        f"tfcold needs tf-keras of TensorFlow's own minor version; TensorFlow is {tf.__version__} and `tf.keras` "
        f"failed with: {error}. Run `pip install 'tf-keras~={'.'.join(tf.__version__.split('.')[:2])}.0'`"
    ) from error
if not _version.startswith("2."):
    raise ImportError(
        f"tfcold needs `tf.keras` to be tf-keras (Keras 2); this process already uses Keras {_version}. {_WAY_OUT}"
    )

try:  # TFRS looks for ScaNN as well, and knows only that it may be missing
    importlib.import_module("scann")
except ImportError:
    pass
except tf.errors.NotFoundError:  # its ops are made for another TensorFlow: as good as missing
    sys.modules["scann"] = None  # type: ignore[assignment]

keras = tf.keras

__all__ = ["keras"]
