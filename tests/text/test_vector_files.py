import json

import numpy as np
import pandas as pd
import pytest

from tfcold.errors import InputError
from tfcold.text.vector_files import read_vectors, write_vectors
from tfcold.text.vectors import TextVectors

IDS = ["a", "b", "c"]


@pytest.fixture
def some():
    # b has no vector
    rows = np.array([[1, 2], [3, 4]], np.float32)
    return TextVectors(np.array(["a", "c"], dtype=object), rows, {"encoder": "toy", "encoder_fingerprint": "f"})


@pytest.mark.parametrize("ending", [".npy", ".npz", ".parquet"])
def test_files_give_back_what_was_written(tmp_path, some, ending):
    path = tmp_path / f"vectors{ending}"
    write_vectors(path, some, IDS)
    back = read_vectors(path, IDS)
    assert list(back.ids) == ["a", "c"]
    np.testing.assert_array_equal(back.vectors, some.vectors)
    if ending != ".npy":
        assert back.provenance["encoder_fingerprint"] == "f"
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_npy_keeps_float16_and_reads_integers(tmp_path):
    for dtype, expected in ((np.float16, np.float16), (np.float64, np.float32), (np.int64, np.float32)):
        np.save(tmp_path / "v.npy", np.ones((3, 2), dtype))
        assert read_vectors(tmp_path / "v.npy", IDS).vectors.dtype == expected


def test_parquet_reads_lists_and_one_column_a_coordinate(tmp_path):
    pd.DataFrame({"item_id": ["c", "a"], "x": [[1.0, 2.0], [3.0, 4.0]]}).to_parquet(tmp_path / "lists.parquet")
    pd.DataFrame({"item_id": ["c", "a"], "x0": [1.0, 3.0], "x1": [2.0, 4.0]}).to_parquet(tmp_path / "wide.parquet")
    for name in ("lists", "wide"):
        found = read_vectors(tmp_path / f"{name}.parquet", IDS)
        assert list(found.ids) == ["c", "a"]
        np.testing.assert_array_equal(found.vectors, [[1, 2], [3, 4]])


def test_read_refuses_too_few_rows(tmp_path):
    np.save(tmp_path / "v.npy", np.ones((2, 4), np.float32))
    with pytest.raises(InputError, match=r"`--item-vectors` must have one row an id: 3; .* has 2"):
        read_vectors(tmp_path / "v.npy", IDS, "--item-vectors")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_read_refuses_numbers_that_are_not_finite(tmp_path, bad):
    table = np.ones((3, 2), np.float16)
    table[1, 1] = bad
    np.save(tmp_path / "v.npy", table)
    with pytest.raises(InputError, match=r"1 of 3 rows of .* hold NaN or infinity, the first at row 1"):
        read_vectors(tmp_path / "v.npy", IDS)


@pytest.mark.parametrize("ending", [".npz", ".parquet"])
def test_read_refuses_ids_that_the_table_does_not_have(tmp_path, some, ending):
    write_vectors(tmp_path / f"v{ending}", some)
    with pytest.raises(InputError, match="1 of 2 ids that the table does not have: 'c'"):
        read_vectors(tmp_path / f"v{ending}", ["a", "b"])


def test_read_refuses_repeated_ids(tmp_path):
    np.savez(tmp_path / "v.npz", ids=np.array(["a", "b", "a"]), vectors=np.ones((3, 2), np.float32))
    with pytest.raises(InputError, match=r"1 ids come twice or more .* 'a'"):
        read_vectors(tmp_path / "v.npz", IDS)


def test_read_never_unpickles(tmp_path):
    np.save(tmp_path / "v.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match=r"no readable .npy file"):
        read_vectors(tmp_path / "v.npy", ["a"])


def test_read_refuses_what_is_no_table_of_numbers(tmp_path):
    np.save(tmp_path / "flat.npy", np.ones(3))
    np.save(tmp_path / "words.npy", np.full((3, 2), "x"))
    np.savez(tmp_path / "names.npz", other=np.ones((3, 2)))
    (tmp_path / "torn.npz").write_bytes(b"PK\x03\x04 torn")
    (tmp_path / "torn.parquet").write_bytes(b"PAR1")
    pd.DataFrame({"item_id": ["a", "b"], "x": [[1.0], [1.0, 2.0]]}).to_parquet(tmp_path / "ragged.parquet")
    for name, said in (
        ("flat.npy", r"float64 \[3\]"),
        ("words.npy", "<U1"),
        ("names.npz", r"\['other'\]"),
        ("torn.npz", "no readable"),
        ("torn.parquet", "no readable"),
        ("ragged.parquet", "has widths 1, 2"),
        ("absent.npy", "does not exist"),
        ("v.csv", "must end in .npy, .npz, .parquet"),
    ):
        with pytest.raises(InputError, match=said):
            read_vectors(tmp_path / name, IDS)


def test_write_npy_needs_ids_that_hold_every_vector(tmp_path, some):
    with pytest.raises(InputError, match="`ids` must give the table's ids"):
        write_vectors(tmp_path / "v.npy", some)
    with pytest.raises(InputError, match="`ids` lacks 1 of 2 ids that have a vector: 'c'"):
        write_vectors(tmp_path / "v.npy", some, ["a", "b"])
    assert list(tmp_path.iterdir()) == []


def test_provenance_is_json_in_the_npz(tmp_path, some):
    write_vectors(tmp_path / "v.npz", some)
    with np.load(tmp_path / "v.npz", allow_pickle=False) as content:
        assert json.loads(str(content["provenance"])) == {"encoder": "toy", "encoder_fingerprint": "f"}


def test_a_file_that_may_not_be_read_is_named_with_the_reason(tmp_path, monkeypatch):
    np.save(tmp_path / "v.npy", np.eye(2))

    def refused(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(np, "load", refused)

    with pytest.raises(InputError, match=r"`--item-vectors text` cannot be read: '.*v\.npy' \(Permission denied\)"):
        read_vectors(tmp_path / "v.npy", ["a", "b"], "--item-vectors text")
