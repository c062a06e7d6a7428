"""TensorFlow Recommenders refuses to load before somebody has chosen Keras 2."""

import tfcold._keras  # noqa: F401
