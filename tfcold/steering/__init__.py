"""Lists moved by words or by feedback on what was shown, without training: `recommend(..., steer=Steering(...))`."""

from tfcold.steering.steering import DEFAULT_STRENGTH, Steering

__all__ = ["DEFAULT_STRENGTH", "Steering"]
