"""Strings to rows by a table that is filled from a variable, so that the strings are stored once, and not in the graph.

A constant counts towards the 2 GB that a graph may have; a variable does not.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf


class _OfVariable(tf.lookup.KeyValueTensorInitializer):
    """Fills a table with the strings of a variable, row 0 left out, when the SavedModel is opened."""

    def __init__(self, names: tf.Variable) -> None:
        super().__init__([""], [0], tf.string, tf.int32)
        self._names = names

    def initialize(self, table: Any) -> Any:
        names = self._names.read_value()[1:]
        rows = tf.range(1, tf.shape(names)[0] + 1)
        return tf.raw_ops.LookupTableImportV2(table_handle=table.resource_handle, keys=names, values=rows)


def rows_by_name(names: tf.Variable) -> tf.lookup.StaticHashTable:
    """A table from name to row; 0 for what is none of them.

    Args:
        names: string [N + 1]; row 0 stands for what is not known, and whatever it holds is no name. Whoever keeps the
            table must track the variable as well.
    """
    return tf.lookup.StaticHashTable(_OfVariable(names), default_value=0)
