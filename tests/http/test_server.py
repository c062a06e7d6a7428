"""A real server on a free port, asked by a real client."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tfcold.errors import BundleError, InputError
from tfcold.http import Limits, VersionStore, run_server

Running = Any  # of conftest.py, see there
ROUNDS = 30_000  # about a second of them


def recommend(k: Any = 3, **inputs: Any) -> dict[str, Any]:
    return {"signature_name": "recommend", "inputs": {"user_id": ["u1"], "k": k, "exclude": [[]], **inputs}}


@pytest.fixture(scope="module")
def odd(odd_bundle: Path, serving: Any, titles: dict[str, str]) -> Iterator[Running]:
    with serving(odd_bundle, Limits(poll_seconds=0.05), titles) as server:
        yield server


# -- predict -----------------------------------------------------------------------------------------------------------


def test_answers_are_those_of_the_saved_model(toy: Running, loaded: Any) -> None:
    vector = np.random.default_rng(0).normal(size=(2, 5)).astype(np.float32)
    asked = {
        "serving_default": {"user_id": ["u1", "nobody"]},
        "recommend": {"user_id": ["u1", "u2"], "k": 4, "exclude": [["i1", ""], ["i2", "i3"]]},
        "recommend_from_history": {"item_id": [["i1", "i2"], ["i4", ""]], "k": 50},
        "recommend_from_vector": {"vector": vector.tolist(), "k": 3},
        "score": {"user_id": ["u1", "u2"], "item_id": ["i1", "nothing"]},
        "similar_items": {"item_id": ["i1"], "k": 2},
    }
    assert set(asked) <= set(loaded.signatures)
    for name, inputs in asked.items():
        specs = loaded.signatures[name].structured_input_signature[1]
        expected = loaded.signatures[name](
            **{key: tf.constant(value, specs[key].dtype) for key, value in inputs.items()}
        )

        answer = toy.predict({"signature_name": name, "inputs": inputs})

        assert answer.status_code == 200, answer.text
        outputs = answer.json()["outputs"]
        if name == "score":
            outputs = {"score": outputs}
        assert outputs.keys() == expected.keys()
        assert np.array_equal(np.array(outputs["score"], np.float32), expected["score"].numpy())
        if "item_id" in expected:
            assert outputs["item_id"] == [[one.decode() for one in row] for row in expected["item_id"].numpy()]


def test_rows_are_columns_turned(toy: Running) -> None:
    pairs = [{"user_id": "u1", "item_id": "i1"}, {"user_id": "u2", "item_id": "i1"}]
    columns = toy.predict({"inputs": ["u1", "u2"]}).json()["outputs"]
    scores = toy.predict({"signature_name": "score", "inputs": {"user_id": ["u1", "u2"], "item_id": ["i1", "i1"]}})

    assert toy.predict({"instances": ["u1", "u2"]}).json()["predictions"] == [
        {"item_id": columns["item_id"][row], "score": columns["score"][row]} for row in (0, 1)
    ]
    assert toy.predict({"signature_name": "score", "instances": pairs}).json() == {
        "predictions": scores.json()["outputs"]
    }


def test_every_dtype_goes_there_and_back(odd: Running) -> None:
    inputs = {"flag": [True, False], "count": [[1, 2**40], [-3, 0]], "weight": [0.5, 1e-3], "name": ["é😀\0", ""]}

    answer = odd.predict({"signature_name": "kinds", "inputs": inputs}).json()["outputs"]

    assert answer == {
        "flag": [False, True],
        "count": [[2, 2**40 + 1], [-2, 1]],
        "weight": [1.0, 2e-3],
        "name": ["é😀\0", ""],
        "all": 0.501,
    }
    rows = [{key: value[row] for key, value in inputs.items()} for row in (0, 1)]
    refused = odd.predict({"signature_name": "kinds", "instances": rows})
    assert refused.status_code == 400  # `all` has no rows
    assert "`all`" in refused.json()["error"]


def test_nothing_asked_is_nothing_answered(toy: Running) -> None:
    assert toy.predict({"inputs": []}).json() == {"outputs": {"item_id": [], "score": []}}
    assert toy.predict(recommend(user_id=[], exclude=[])).json() == {"outputs": {"item_id": [], "score": []}}


@pytest.mark.parametrize(
    "user",
    ["", "nobody", "é😀", "\u0000", "a\nb", "\u202eabc", "x" * 60_000, "İ", "\ufeff", "' OR 1"],
    ids=lambda user: ascii(user[:9]),
)
def test_any_unicode_is_an_id(toy: Running, user: str) -> None:
    """Nobody the bundle knows: the list of somebody of whom nothing is known."""
    known = toy.predict(recommend(user_id=["somebody else"])).json()

    assert toy.predict(recommend(user_id=[user])).json() == known


@pytest.mark.parametrize(
    ("content", "status", "parts"),
    [
        (recommend(k=-3), 400, ["`k` must be at least 1; received -3", "user_id [1]"]),
        (recommend(k=0), 400, ["`k` must be at least 1; received 0"]),
        (recommend(k=2**40), 400, ["`inputs.k`", "int32"]),
        (recommend(k=[3]), 400, ["`inputs.k`", "a list"]),
        (recommend(k="3"), 400, ["`inputs.k`", "a string"]),
        (recommend(exclude=[]), 400, ["exclude [0, 0]"]),
        (recommend(exclude=[["i1"], ["i2"]]), 400, ["exclude [2, 1]"]),
        (recommend(exclude="i1"), 400, ["`inputs.exclude` must be a list"]),
        (recommend(user_id=[1]), 400, ["`inputs.user_id[0]` must be a string"]),
        (recommend(user_id=["x" * 70_000]), 400, ["`inputs.user_id[0]` must be at most 65536 bytes"]),
        (recommend(user_id=["u"] * 1025, exclude=[[]] * 1025), 400, ["at most 1024 rows; received 1025"]),
        (b'{"signature_name": "recommend_from_vector", "inputs": {"vector": [[1, NaN, 0, 0, 0]], "k": 1}}', 400,
         ["`inputs.vector[0][1]` must be finite"]),
        (b'{"signature_name": "recommend_from_vector", "inputs": {"vector": [[1, 0, 0, 0, -Infinity]], "k": 1}}', 400,
         ["`inputs.vector[0][4]` must be finite"]),
        (b'{"signature_name": "recommend_from_vector", "inputs": {"vector": [[1e400, 0, 0, 0, 0]], "k": 1}}', 400,
         ["`inputs.vector[0][0]` must be finite"]),
        (b'{"inputs": {"user_id": ["\\ud83d"]}}', 400, ["`inputs.user_id[0]` holds half a character"]),
        (b"", 400, ["must be JSON"]),
        (b"[" * 50_000, 400, ["nested too deeply"]),
        ({"signature_name": "train", "inputs": []}, 400, ["`signature_name` must be one of", "'train'"]),
        ({"signature_name": "score", "inputs": {"user_id": ["a", "b"], "item_id": ["c"]}}, 400, ["one length"]),
    ],
)  # fmt: skip
def test_mistake_is_named(toy: Running, content: Any, status: int, parts: list[str]) -> None:
    answer = toy.predict(content)

    assert answer.status_code == status
    assert answer.json().keys() == {"error"}
    for part in parts:
        assert part in answer.json()["error"]
    assert not re.search(r"Traceback|\{\{|\.py", answer.text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["u1", "i1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["b64", "k"]), inner, max_size=2),
    max_leaves=8,
)  # fmt: skip


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    signature=st.sampled_from(["serving_default", "recommend", "score", "recommend_from_history", "similar_items"]),
    form=st.sampled_from(["inputs", "instances"]),
    value=JSON | st.fixed_dictionaries({"user_id": JSON, "k": JSON}, optional={"exclude": JSON, "item_id": JSON}),
)
def test_no_body_breaks_it(toy: Running, signature: str, form: str, value: Any) -> None:
    answer = toy.predict(json.dumps({"signature_name": signature, form: value}).encode())

    assert answer.status_code in (200, 400), answer.text
    assert answer.json().keys() <= {"error", "outputs", "predictions"}


def test_model_that_answers_nan_is_not_passed_on(odd: Running) -> None:
    answer = odd.predict({"inputs": [-1.0]})

    assert answer.status_code == 500
    assert answer.json() == {"error": "the model answered with NaN or infinity"}


# -- paths -------------------------------------------------------------------------------------------------------------


def test_versions_are_paths(toy: Running) -> None:
    body = {"inputs": ["u1"]}

    assert toy.predict(body, "/v1/models/toy/versions/1:predict").json() == toy.predict(body).json()
    for path, part in [
        ("/v1/models/toy/versions/2:predict", "version 2"),
        ("/v1/models/shop:predict", "'shop'"),
        ("/v1/models/toy:classify", "/v1/models/toy:classify"),
        ("/v1/models/toy/versions/x:predict", "/v1/models/toy/versions/x:predict"),
    ]:
        answer = toy.predict(body, path)
        assert answer.status_code in (404, 405)
        assert part in answer.json()["error"]
    assert toy.client.get("/v1/models/toy:predict").status_code == 405


def test_status_and_metadata(toy: Running, loaded: Any) -> None:
    said = [{"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}]

    for path in ("/v1/models/toy", "/v1/models/toy/versions/1"):
        assert toy.client.get(path).json() == {"model_version_status": said}
    for path in ("/v1/models/toy/versions/9", "/v1/models/other", "/v1/models/other/metadata"):
        assert toy.client.get(path).status_code == 404
    content = toy.client.get("/v1/models/toy/metadata").json()
    assert content["model_spec"] == {"name": "toy", "signature_name": "", "version": "1"}
    signatures = content["metadata"]["signature_def"]["signature_def"]
    assert signatures.keys() == loaded.signatures.keys()
    vector = signatures["recommend_from_vector"]["inputs"]["vector"]
    assert vector["dtype"] == "DT_FLOAT"
    assert [one["size"] for one in vector["tensor_shape"]["dim"]] == ["-1", "5"]
    assert signatures["recommend"]["inputs"]["k"]["tensor_shape"]["dim"] == []
    assert signatures["recommend"]["outputs"]["item_id"]["dtype"] == "DT_STRING"


def test_health_and_metrics(toy: Running) -> None:
    toy.predict({"inputs": ["u1", "u2", "u3"]})
    before = toy.metrics()
    toy.predict({"inputs": ["u1", "u2", "u3"]})
    toy.predict({"signature_name": "evil\n# {}", "inputs": []})
    after = toy.metrics()

    assert toy.client.get("/healthz").text == "ok\n"
    assert toy.client.get("/readyz").text == "ok\n"
    assert after['tfcold_model_version{model="toy"}'] == 1
    assert after['tfcold_version_loads_total{model="toy",outcome="loaded"}'] == 1
    assert after['tfcold_version_loads_total{model="toy",outcome="failed"}'] == 0

    def grew(name: str, **labels: str) -> float:
        key = f"{name}{{{','.join(f'{label}={value!r}' for label, value in sorted(labels.items()))}}}".replace("'", '"')
        return after[key] - before.get(key, 0)

    default = {"model": "toy", "signature": "serving_default"}
    assert grew("tfcold_requests_total", **default, status="200") == 1
    assert grew("tfcold_requests_total", model="toy", signature="unknown", status="400") == 1
    assert grew("tfcold_request_seconds_count", **default) == 1
    assert grew("tfcold_batch_rows_sum", **default) == 3
    assert not any("evil" in name for name in after)


def test_other_hosts_are_turned_away(toy: Running) -> None:
    """A page of the web that points its own name at this machine must not read it."""
    answer = toy.client.get("/ui/users", headers={"host": "evil.test"})

    assert answer.status_code == 421
    assert "u1" not in answer.text
    assert toy.client.get("/ui/users", headers={"host": "127.0.0.1:1"}).status_code == 200


# -- bounds ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1001, 2500, 100_000])
def test_body_too_large(bundle: Path, serving: Any, size: int) -> None:
    """With its length told (beyond four times the bound it is not even read), and in chunks without it."""
    with serving(bundle, Limits(body_bytes=1000, poll_seconds=1)) as server:
        path = "/v1/models/toy:predict"
        for content in (b"x" * size, iter([b"x" * 500] * (size // 500 + 1))):
            try:
                answer = server.client.post(path, content=content)
            except httpx2.TransportError:  # refused while it was still sending
                assert size > 4000
                continue
            assert answer.status_code == 413
            assert "at most 1000 bytes" in answer.json()["error"]
        assert server.predict({"inputs": ["u1"]}).status_code == 200
        assert server.metrics()['tfcold_requests_total{model="toy",signature="unknown",status="413"}'] >= 1


def test_body_that_does_not_come(bundle: Path, serving: Any) -> None:
    with (
        serving(bundle, Limits(timeout_seconds=0.5, poll_seconds=1)) as server,
        socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=20) as line,
    ):
        line.sendall(b"POST /v1/models/toy:predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{")
        said = b"".join(iter(lambda: line.recv(4096), b""))  # to the end: the connection is closed

    assert said.startswith(b"HTTP/1.1 408")
    assert b"did not come within 0.5 seconds" in said


def test_slow_request_runs_out_of_time_and_others_do_not_wait(odd_bundle: Path, serving: Any) -> None:
    limits = Limits(threads=2, waiting=0, timeout_seconds=0.5, poll_seconds=1)
    with serving(odd_bundle, limits) as server:
        rounds = {"signature_name": "slow", "inputs": {"rounds": 8 * ROUNDS}}
        busy = None
        for _ in range(5):  # beside another process, both may have run out of time before anybody looks
            answers: list[Any] = []
            ask = partial(lambda found: found.append(server.predict(rounds)), answers)
            threads = [threading.Thread(target=ask) for _ in range(2)]
            for thread in threads:
                thread.start()
            while busy is None and any(thread.is_alive() for thread in threads):
                time.sleep(0.01)
                if server.metrics()['tfcold_requests_in_flight{model="odd"}'] == 2:  # the loop answers meanwhile
                    busy = server.predict({"inputs": [1.0]})
            for thread in threads:
                thread.join()
            if busy is not None:
                break
            time.sleep(2)

        assert busy is not None
        assert busy.status_code == 503
        assert busy.headers["retry-after"] == "1"
        assert [answer.status_code for answer in answers] == [504, 504]
        assert "no answer within" in answers[0].json()["error"]
        deadline = time.monotonic() + 60
        while (answer := server.predict({"inputs": [4.0]})).status_code != 200 and time.monotonic() < deadline:
            assert answer.status_code in (503, 504)  # the threads, and the processors, are taken until the graphs end
            time.sleep(0.05)
        assert answer.json() == {"outputs": [2.0]}


def test_requests_in_flight_finish_when_it_stops(odd_bundle: Path, serving: Any) -> None:
    answers: list[Any] = []

    def ask(url: str) -> None:
        question = {"signature_name": "slow", "inputs": {"rounds": ROUNDS}}
        with httpx2.Client(trust_env=False, timeout=60) as client:
            answers.append(client.post(f"{url}/v1/models/odd:predict", json=question))

    with serving(odd_bundle, Limits(poll_seconds=1)) as server:
        thread = threading.Thread(target=ask, args=(server.url,))
        thread.start()
        while server.metrics()['tfcold_requests_in_flight{model="odd"}'] < 1:
            time.sleep(0.005)
        assert answers == []  # the block ends here, and the server is told to stop

    thread.join(60)
    assert [answer.status_code for answer in answers] == [200]


# -- start -------------------------------------------------------------------------------------------------------------


def test_alive_before_it_is_ready(bundle: Path) -> None:
    from tfcold.http import Version

    go, urls, servers = threading.Event(), [], []

    def slowly(folder: Path) -> Version:
        assert go.wait(60)
        return Version(folder)

    def started(server: Any) -> None:
        servers.append(server)

    with contextlib.closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store = VersionStore(bundle, slowly, poll_seconds=0.05)
    up = threading.Event()
    options = {"port": port, "ready": lambda url, version: (urls.append(url), up.set()), "started": started}
    thread = threading.Thread(target=run_server, args=(store, "toy"), kwargs=options)
    thread.start()
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx2.ConnectError):
                if client.get("/healthz").status_code == 200:
                    break
            time.sleep(0.02)
        early = [client.get("/readyz"), client.post("/v1/models/toy:predict", json={"inputs": []})]
        said = client.get("/v1/models/toy").json()
        go.set()
        assert up.wait(60)
        late = client.get("/readyz")
    servers[0].should_exit = True
    thread.join(60)

    assert [answer.status_code for answer in early] == [503, 503]
    assert [one["state"] for one in said["model_version_status"]] == ["LOADING"]
    assert late.status_code == 200


def test_port_that_is_taken(bundle: Path) -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        number = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"`port` {number} on 127.0.0.1 cannot be had"):
            run_server(VersionStore(bundle), "toy", port=number)


def test_host_that_is_none(bundle: Path) -> None:
    with pytest.raises(InputError, match="`host` 'no host' with port 0"):
        run_server(VersionStore(bundle), "toy", host="no host", port=0)


def test_bundle_that_cannot_be_loaded_ends_it(tmp_path: Path, versions: tuple[Path, Path]) -> None:
    import shutil

    shutil.copytree(versions[0], tmp_path / "toy" / "1")
    (tmp_path / "toy" / "1" / "assets.extra" / "parts.npz").unlink()

    with pytest.raises(BundleError, match=r"parts\.npz is missing"):
        run_server(VersionStore(tmp_path / "toy"), "toy", port=0)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BundleError, match="holds no version"):
        run_server(VersionStore(tmp_path / "empty"), "empty", port=0)
