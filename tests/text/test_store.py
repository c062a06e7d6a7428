import json
import multiprocessing
import os

import numpy as np
import pytest

from tfcold.errors import EncoderMismatchError, InputError
from tfcold.text.store import VectorStore

TEXTS = ["one", "two words", "one", "three little words"]
# (length, words, 1) of each
EXPECTED = [[3, 1, 1], [9, 2, 1], [3, 1, 1], [18, 3, 1]]


def files(folder, ending):
    return sorted(path for path in folder.rglob(f"*{ending}"))


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_encode_gives_each_text_its_vector_in_the_dtype_asked_for(tmp_path, toy, dtype):
    vectors = VectorStore(tmp_path, dtype).encode(TEXTS, toy())
    np.testing.assert_array_equal(vectors, EXPECTED)
    assert vectors.dtype == dtype


def test_encode_asks_for_each_text_once_now_and_in_later_runs(tmp_path, toy):
    first, second = toy(), toy()
    VectorStore(tmp_path).encode(TEXTS, first)
    assert sorted(first.seen) == ["one", "three little words", "two words"]
    vectors = VectorStore(tmp_path).encode([*TEXTS, "new"], second)
    assert second.seen == ["new"]
    np.testing.assert_array_equal(vectors, [*EXPECTED, [3, 1, 1]])


def test_encode_never_finds_an_entry_of_another_encoder(tmp_path, toy):
    store = VectorStore(tmp_path)
    store.encode(TEXTS, toy("a"))
    other = toy("b", scale=2.0)
    np.testing.assert_array_equal(store.encode(TEXTS, other), 2 * np.array(EXPECTED))
    assert len(other.seen) == 3
    np.testing.assert_array_equal(store.encode(TEXTS, toy("a")), EXPECTED)


def test_encode_goes_on_where_a_killed_run_stopped(tmp_path, toy):
    texts = [f"text number {number}" for number in range(20)]
    with pytest.raises(KeyboardInterrupt):
        VectorStore(tmp_path, chunk_size=4).encode(texts, toy(fail_after=10))
    again = toy()
    vectors = VectorStore(tmp_path, chunk_size=4).encode(texts, again)
    assert len(again.seen) == 12  # two whole chunks of 4 of the first run were kept
    np.testing.assert_array_equal(vectors, toy().encode(texts))


@pytest.mark.parametrize(("ending", "cut"), [(".vectors", 1), (".vectors", 7), (".keys", 1), (".keys", 36)])
def test_encode_drops_a_torn_tail_and_nothing_else(tmp_path, toy, ending, cut):
    VectorStore(tmp_path).encode(TEXTS, toy())
    (path,) = files(tmp_path, ending)
    os.truncate(path, path.stat().st_size - cut)
    # float16 [3]: 6 bytes a row, so 1 byte tears one row of three and 7 bytes tear two; an entry has 36 bytes
    lost = 2 if cut == 7 else 1
    again = toy()
    np.testing.assert_array_equal(VectorStore(tmp_path).encode(TEXTS, again), EXPECTED)
    assert len(again.seen) == lost


def test_encode_does_not_trust_a_row_whose_checksum_is_wrong(tmp_path, toy):
    VectorStore(tmp_path).encode(["one"], toy())
    (path,) = files(tmp_path, ".vectors")
    path.write_bytes(bytes(6))
    again = toy()
    np.testing.assert_array_equal(VectorStore(tmp_path).encode(["one"], again), [[3, 1, 1]])
    assert again.seen == ["one"]


def test_encode_recovers_after_a_write_that_failed_half_way(tmp_path, toy, monkeypatch):
    store = VectorStore(tmp_path)
    store.encode(["one"], toy())
    with monkeypatch.context() as broken:

        def full(stream):
            raise OSError(28, "No space left on device")

        broken.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            store.encode(["two words"], toy())
    np.testing.assert_array_equal(store.encode(TEXTS, toy()), EXPECTED)
    np.testing.assert_array_equal(VectorStore(tmp_path).encode(TEXTS, toy(fail_after=0)), EXPECTED)


def test_encode_refuses_a_folder_whose_record_names_another_encoder(tmp_path, toy):
    VectorStore(tmp_path).encode(TEXTS, toy())
    (record,) = files(tmp_path, "encoder.json")
    content = json.loads(record.read_text()) | {"encoder_fingerprint": "f" * 64, "encoder": "stranger"}
    record.write_text(json.dumps(content))
    with pytest.raises(
        EncoderMismatchError, match=r"encoder 'stranger' \(ffffffffffff\); received float16 vectors of 'toy'"
    ):
        VectorStore(tmp_path).encode(TEXTS, toy())


def test_encode_refuses_another_width_under_the_same_fingerprint(tmp_path, toy):
    VectorStore(tmp_path).encode(TEXTS, toy())
    with pytest.raises(EncoderMismatchError, match=r"vectors 5 wide; .* holds 3"):
        VectorStore(tmp_path).encode(["new"], toy(width=5))


def test_encode_refuses_numbers_that_float16_cannot_hold(tmp_path, toy):
    with pytest.raises(InputError, match=r"up to 3e\+05. Open the store with dtype='float32'"):
        VectorStore(tmp_path).encode(["one"], toy(scale=1e5))
    assert VectorStore(tmp_path, "float32").encode(["one"], toy(scale=1e5)).tolist() == [[3e5, 1e5, 1e5]]


def test_encode_refuses_an_encoder_that_gives_nan_and_stores_nothing(tmp_path, toy):
    with pytest.raises(InputError, match="2 of 2 rows hold NaN"):
        VectorStore(tmp_path).encode(["one", "two"], toy(scale=np.nan))
    assert VectorStore(tmp_path).num_entries(toy()) == 0


def test_encode_of_nothing_is_an_empty_table(tmp_path, toy):
    assert VectorStore(tmp_path).encode([], toy()).shape == (0, 3)


def test_two_stores_read_each_other_while_both_write(tmp_path, toy):
    ours, theirs = VectorStore(tmp_path), VectorStore(tmp_path)
    ours.encode(["one"], toy())
    theirs.encode(["two words"], toy())
    late = toy()
    np.testing.assert_array_equal(ours.encode(TEXTS, late), EXPECTED)
    assert late.seen == ["three little words"]
    assert len(files(tmp_path, ".keys")) == 2


def _write_many(folder, toy, first):
    texts = [f"text {number}" for number in range(first, first + 60)]
    store = VectorStore(folder, chunk_size=5)
    for start in range(0, 60, 20):
        store.encode(texts[start : start + 20], toy())


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork")
def test_processes_that_write_at_once_lose_nothing(tmp_path, toy):
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_write_many, args=(tmp_path, toy, first)) for first in (0, 30)]  # 30 in common
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    texts = [f"text {number}" for number in range(90)]
    again = toy()
    np.testing.assert_array_equal(VectorStore(tmp_path).encode(texts, again), toy().encode(texts))
    assert again.seen == []


def test_store_refuses_a_file_and_unknown_dtypes(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        VectorStore(tmp_path / "file")
    with pytest.raises(InputError, match="received 'int8'"):
        VectorStore(tmp_path, "int8")
