"""`kill -9` at any moment of a fit, from reading to the last rename, and of an export that puts the encoder in."""

from __future__ import annotations

import pandas as pd
import pytest

import tfcold
from tfcold.manifest import check_files, hashes_of, read_manifest

MOMENTS = {  # each run gets further than the one before, so it is the rerun that succeeds up to there
    "reading": {"call": ["tfcold.workflow.tables:read_items", 1]},
    "encoding": {"call": ["tfcold.text.shards:_write_at", 2]},  # vectors are stored, their keys are not
    "teacher": {"call": ["tfcold.training.choose:quality", 2]},
    "checkpoint": {"at": "tensorflow.write checkpoint"},  # validation of epoch 1 is stored, its weights are not
    "epoch": {"call": ["tfcold.training.callbacks:RegimeValidation.on_epoch_end", 2]},
    "after the epochs": {"call": ["tfcold.export:export", 1]},
    "encoder put in": {"call": ["tfcold.export.bundle:words_of", 1]},
    "graph": {"at": "tensorflow.write saved_model.pb"},
    "rename": {"at": "os.rename .2."},
}
EXPORTS = {
    "taken out": {"at": ""},  # nobody kills it: version 3
    "encoder put in again": {"call": ["tfcold.export.reading:words_of", 1]},
    "manifest": {"at": "open manifest.json"},  # its other writes are those of a fit, above
    "put in": {"at": ""},
}


@pytest.mark.slow
def test_killed_at_any_moment_of_a_fit_the_old_bundle_stays_and_a_rerun_succeeds(
    call, shop, tiny_static, killed_writer, tmp_path, monkeypatch
):
    here = tmp_path / "here"
    model = here / "shop"
    fit = [
        "fit", "--interactions", shop.interactions, "--items", shop.items, "--validation", shop.validation,
        "--encoder", str(tiny_static.save_static(tmp_path / "encoder")), "--with-encoder", "--epochs", "2",
        "--out", str(model), "--quiet",
    ]  # fmt: skip
    monkeypatch.setenv("TFCOLD_CACHE", str(tmp_path / "cache"))
    assert call(*fit).code == 0
    before, answers = hashes_of(model / "1"), asked(model)

    export = ["export", "--model", str(model / "1"), "--out", str(model), "--quiet"]
    jobs = [
        *({"command": fit, **moment} for moment in (*MOMENTS.values(), {"at": ""})),
        *(
            {"command": [*export, "--without-encoder" if name == "taken out" else "--with-encoder"], **moment}
            for name, moment in EXPORTS.items()
        ),
    ]
    cache = here / "cache"  # where nothing is encoded yet
    cache.mkdir()
    results, said = killed_writer.results_of([{**job, "under": str(here)} for job in jobs], TFCOLD_CACHE=str(cache))

    fits, exports = results[: len(MOMENTS) + 1], results[len(MOMENTS) + 1 :]
    assert [one["killed"] for one in fits] == [True] * len(MOMENTS) + [False], said
    versions = [killed_writer.listed(one["there"]["shop"]) for one in fits]
    assert [there for there, _ in versions] == [["1"]] * len(MOMENTS) + [["1", "2"]]
    assert [left for _, left in versions] == [0] * 7 + [1, 1, 0]  # the last dead one's folder was cleared away
    works = [sum(name.startswith(".shop.work-") for name in one["there"]) for one in fits]
    assert works == [0, *[1] * 8, 0]  # what a rerun goes on from goes once it has succeeded
    assert [one["killed"] for one in exports] == [False, True, True, False], said
    versions = [killed_writer.listed(one["there"]["shop"]) for one in exports]
    assert versions == [(list("123"), 0), (list("123"), 0), (list("123"), 1), (list("1234"), 0)]

    assert hashes_of(model / "1") == before
    for version in "1234":
        check_files(model / version, read_manifest(model / version), contents=True)
    for version in "124":  # the same command and the same tables; by words, too
        for ours, first in zip(asked(model / version), answers, strict=True):
            pd.testing.assert_frame_equal(ours, first, atol=1e-4, rtol=1e-4)


def asked(model):
    """Lists of users and of a sentence, by item, as two runs may differ in the last digits."""
    found = tfcold.load(model)
    lists = found.recommend(["u1", "u2", "nobody"], k=99), found.recommend_from_texts(["the glacier"], k=99)
    return [one.sort_values(["user_id", "item_id"], ignore_index=True).drop(columns="rank") for one in lists]
