"""Vectors in files: `.npy` (row i is row i of the table), `.npz` (ids and vectors), parquet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tfcold.columns import ITEM_ID
from tfcold.data.ids import as_ids
from tfcold.errors import InputError
from tfcold.files import written_aside
from tfcold.text.vectors import TextVectors

ENDINGS: Final = (".npy", ".npz", ".parquet")
_VECTOR: Final = "vector"
_PROVENANCE: Final = "tfcold"


def read_vectors(path: str | Path, ids: Sequence[str] | npt.NDArray[np.object_], argument: str = "path") -> TextVectors:
    """The vectors in a file, for those ids that have one, in the file's order.

    `.npy`: [N, T] numbers, row i belongs to `ids[i]`; a row of zeros says that there is none.
    `.npz`: `ids` [N] and `vectors` [N, T]; an id without a vector is left out.
    `.parquet`: a column of ids (`item_id` or `user_id`, else the first) and a column of lists, or one column of
    numbers a coordinate; an id without a vector is left out.

    Args:
        path: the file.
        ids: str [N]. The ids of the table that the vectors belong to, in its order.
        argument: str. What to call the file in an error.

    Returns: TextVectors, float16 where the file is, else float32. Never runs code from the file (no pickle).

    Raises:
        InputError: no such file, unknown ending, not a table of numbers, too few or too many rows, ids twice or
            unknown, NaN or infinity.
    """
    path = Path(path)
    known = as_ids(ids)[0].tolist()
    if path.suffix not in ENDINGS:
        raise InputError(f"`{argument}` must end in {', '.join(ENDINGS)}; received {str(path)!r}")
    if not path.is_file():
        raise InputError(f"`{argument}` names a file that does not exist: {str(path)!r}")
    try:
        names, table, provenance = _READERS[path.suffix](path, argument)
    except InputError:
        raise
    except PermissionError as error:
        raise InputError(
            f"`{argument}` cannot be read: {str(path)!r} ({error.strerror}). Check who may read it"
        ) from error
    except Exception as error:  # a torn zip, a pickle, no parquet: each library has its own
        raise InputError(
            f"`{argument}` is no readable {path.suffix} file of vectors: {str(path)!r} ({error})"
        ) from error
    vectors = _checked_numbers(table, path, argument)
    if names is None:
        if len(vectors) != len(known):
            raise InputError(
                f"`{argument}` must have one row an id: {len(known)}; {str(path)!r} has {len(vectors)}. "
                "Write it again from the same table, or use .npz with ids"
            )
        names = known
    else:
        _check_ids(names, set(known), path, argument)
    there = np.array([bool(np.any(vectors[row])) for row in range(len(vectors))], np.bool_)
    if not there.any():
        raise InputError(f"`{argument}` must hold at least one vector; {str(path)!r} has none that is not zeros")
    kept = np.array(names, dtype=object)[there]
    return TextVectors(kept, np.ascontiguousarray(vectors[there]), {"file": path.name, **provenance})


def write_vectors(
    path: str | Path,
    vectors: TextVectors,
    ids: Sequence[str] | npt.NDArray[np.object_] | None = None,
    *,
    id_column: str = ITEM_ID,
) -> None:
    """Writes vectors so that `read_vectors` gives them back; aside and renamed.

    Args:
        path: the file; its ending says the format.
        vectors: what to write.
        ids: str [N]. The ids of the table, in its order. Needed for `.npy`, which has no ids of its own: rows without
            a vector are zeros there.
        id_column: str. Name of the ids in parquet.

    Raises:
        InputError: unknown ending, or `.npy` without `ids`.
    """
    path = Path(path)
    if path.suffix not in ENDINGS:
        raise InputError(f"`path` must end in {', '.join(ENDINGS)}; received {str(path)!r}")
    if path.suffix == ".npy" and ids is None:
        raise InputError("`ids` must give the table's ids for a .npy file, whose rows have no names. Or write .npz")
    with written_aside(path) as aside:
        if path.suffix == ".npy":
            assert ids is not None
            with open(aside, "wb") as stream:
                np.save(stream, _aligned(vectors, ids), allow_pickle=False)
        elif path.suffix == ".npz":
            said = json.dumps(dict(vectors.provenance))
            with open(aside, "wb") as stream:
                np.savez(stream, ids=vectors.ids.astype(str), vectors=vectors.vectors, provenance=np.array(said))
        else:
            _write_parquet(aside, vectors, id_column)


def _aligned(vectors: TextVectors, ids: Sequence[str] | npt.NDArray[np.object_]) -> npt.NDArray[Any]:
    at = {str(value): row for row, value in enumerate(ids)}
    lost = [value for value in vectors.ids if value not in at]
    if lost:
        raise InputError(
            f"`ids` lacks {len(lost)} of {len(vectors)} ids that have a vector: {', '.join(map(repr, lost[:3]))}"
        )
    table = np.zeros((len(ids), vectors.dim), vectors.vectors.dtype)
    table[[at[value] for value in vectors.ids]] = vectors.vectors
    return table


_Read = tuple["list[str] | None", "npt.NDArray[Any]", "dict[str, Any]"]


def _read_npy(path: Path, argument: str) -> _Read:
    return None, np.load(path, mmap_mode="r", allow_pickle=False), {}


def _read_npz(path: Path, argument: str) -> _Read:
    with np.load(path, allow_pickle=False) as content:
        if not {"ids", "vectors"} <= set(content.files):
            raise InputError(
                f"`{argument}` must hold the arrays 'ids' and 'vectors'; {str(path)!r} holds {sorted(content.files)}"
            )
        said = json.loads(str(content["provenance"])) if "provenance" in content.files else {}
        names, table = content["ids"], content["vectors"]
    if names.ndim != 1 or len(names) != len(table):
        raise InputError(
            f"`{argument}` must name every row in 'ids': {list(table.shape)} vectors, {list(names.shape)} ids "
            f"in {str(path)!r}"
        )
    return as_ids(names)[0].tolist(), table, said


def _read_parquet(path: Path, argument: str) -> _Read:
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    names = table.column_names
    id_column = next((name for name in ("item_id", "user_id", "id") if name in names), names[0])
    said = json.loads((table.schema.metadata or {}).get(_PROVENANCE.encode(), b"{}"))
    values = [name for name in names if name != id_column and not name.startswith("__")]
    lists = [name for name in values if _is_list(table.schema.field(name).type)]
    if lists:
        matrix = _stacked_lists(table.column(lists[0]).combine_chunks(), lists[0], path, argument)
    else:
        matrix = np.column_stack([table.column(name).to_numpy() for name in values]) if values else np.zeros((0, 0))
    return as_ids(table.column(id_column).to_pylist())[0].tolist(), matrix, said


def _is_list(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _stacked_lists(column: Any, name: str, path: Path, argument: str) -> npt.NDArray[Any]:
    import pyarrow.compute as pc

    widths = sorted({-1 if width is None else width for width in pc.unique(pc.list_value_length(column)).to_pylist()})
    if len(widths) != 1 or widths[0] < 1:
        raise InputError(
            f"`{argument}` must hold vectors of one width in column {name!r}; {str(path)!r} has widths "
            f"{', '.join('none' if width < 0 else str(width) for width in widths[:4])}. Leave ids without a vector out"
        )
    return np.asarray(column.flatten().to_numpy(zero_copy_only=False)).reshape(len(column), widths[0])


_READERS: Final = {".npy": _read_npy, ".npz": _read_npz, ".parquet": _read_parquet}


def _write_parquet(path: Path, vectors: TextVectors, id_column: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    flat = pa.array(np.ascontiguousarray(vectors.vectors, np.float32).ravel())
    lists = pa.FixedSizeListArray.from_arrays(flat, vectors.dim)
    table = pa.table({id_column: pa.array(vectors.ids.tolist(), pa.string()), _VECTOR: lists})
    said = json.dumps(dict(vectors.provenance))
    pq.write_table(table.replace_schema_metadata({_PROVENANCE: said}), path)


def _checked_numbers(table: npt.NDArray[Any], path: Path, argument: str) -> npt.NDArray[Any]:
    if table.ndim != 2 or table.dtype.kind not in "fiu" or table.shape[1] == 0:
        raise InputError(
            f"`{argument}` must hold a table [N, T] of numbers; {str(path)!r} holds {table.dtype} {list(table.shape)}"
        )
    vectors = np.asarray(table) if table.dtype == np.float16 else np.asarray(table, np.float32)
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        raise InputError(
            f"`{argument}` must hold finite numbers; {len(bad)} of {len(vectors)} rows of {str(path)!r} hold NaN or "
            f"infinity, the first at row {bad[0]}. Write zeros (.npy) or leave the id out to mark it as missing"
        )
    return vectors


def _check_ids(names: list[str], known: set[str], path: Path, argument: str) -> None:
    seen: set[str] = set()
    twice = list(dict.fromkeys(name for name in names if name in seen or seen.add(name)))  # type: ignore[func-returns-value]
    if twice:
        raise InputError(
            f"`{argument}` must name each id once; {len(twice)} ids come twice or more in {str(path)!r}: "
            f"{', '.join(map(repr, twice[:3]))}"
        )
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InputError(
            f"`{argument}` holds {len(unknown)} of {len(names)} ids that the table does not have: "
            f"{', '.join(map(repr, unknown[:3]))}. Leave them out of {str(path)!r} or add them to the table"
        )
