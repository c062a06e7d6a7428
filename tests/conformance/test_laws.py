"""What must hold for every exported class, run over the specimens."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import tfcold
from tfcold._keras import keras
from tfcold.registration import REGISTRY


def load_specimens() -> Any:
    spec = importlib.util.spec_from_file_location("tfcold_specimens", Path(__file__).with_name("specimens.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module.SPECIMENS


SPECIMENS = load_specimens()
BATCH = 5


def over_specimens(law: Any) -> Any:
    """Runs the law once for each specimen; an exempt one is expected to fail, and fails the test if it does not."""
    name = law.__name__.removeprefix("test_")
    cases = [
        pytest.param(
            specimen,
            id=export.rsplit(".", 1)[-1],
            marks=[pytest.mark.xfail(reason=specimen.exempt[name], strict=True)] if name in specimen.exempt else [],
        )
        for export, specimen in sorted(SPECIMENS.items())
    ]
    return pytest.mark.parametrize("specimen", cases)(law)


def call(instance: Any, specimen: Any, inputs: dict[str, Any], **options: Any) -> Any:
    (_, first), *others = inputs.items()
    return specimen.call(instance, first, **dict(others), **specimen.options, **options)


def tensors(inputs: dict[str, Any]) -> dict[str, Any]:
    return tf.nest.map_structure(tf.convert_to_tensor, inputs)


def made(specimen: Any) -> Any:
    """A built instance, no trainable weight of it at its start value: a law must not hold for zeros only."""
    instance = specimen.build()
    specimen.prepare(instance)
    call(instance, specimen, tensors(specimen.inputs(BATCH)))
    rng = np.random.default_rng(5)
    for weight in instance.trainable_weights:
        weight.assign(rng.normal(scale=0.5, size=weight.shape))
    return instance


def specs(specimen: Any) -> dict[str, Any]:
    """The inputs with None for the axes that change with B."""

    def spec(small: Any, large: Any) -> tf.TensorSpec:
        small, large = np.asarray(small), np.asarray(large)
        shape = [a if a == b else None for a, b in zip(small.shape, large.shape, strict=True)]
        return tf.TensorSpec(shape, small.dtype)

    return tf.nest.map_structure(spec, specimen.inputs(2), specimen.inputs(3))


def assert_same(received: Any, expected: Any, tolerance: float = 1e-6) -> None:
    for one, other in zip(tf.nest.flatten(received), tf.nest.flatten(expected), strict=True):
        np.testing.assert_allclose(np.asarray(one, np.float64), np.asarray(other, np.float64), tolerance, tolerance)


def test_every_export_has_a_specimen() -> None:
    for module in pkgutil.walk_packages(tfcold.__path__, prefix="tfcold."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    ours = {name for name in REGISTRY if REGISTRY[name].__module__.startswith("tfcold.")}

    assert sorted(ours) == sorted(SPECIMENS)


@pytest.mark.parametrize("name", sorted(SPECIMENS))
def test_export_is_found_under_its_name(name: str) -> None:
    room, _, attribute = name.rpartition(".")

    assert getattr(importlib.import_module(room), attribute) is REGISTRY[name]


@over_specimens
def test_config_round_trip(specimen: Any) -> None:
    original = made(specimen)
    config = original.get_config()
    copy = type(original).from_config(json.loads(json.dumps(config)))
    specimen.prepare(copy)
    inputs = tensors(specimen.inputs(BATCH))
    call(copy, specimen, inputs)
    copy.set_weights(original.get_weights())
    arguments = inspect.signature(type(original).__init__).parameters
    missing = {name for name in arguments if name not in ("self", "kwargs")} - set(config)

    assert not missing
    assert copy.get_config() == config
    assert_same(call(copy, specimen, inputs), call(original, specimen, inputs))


@over_specimens
def test_keras_file(specimen: Any, tmp_path: Path) -> None:
    instance = made(specimen)
    inputs = tensors(specimen.inputs(BATCH))
    if isinstance(instance, keras.Model):
        model, fed = instance, inputs["inputs"]
    else:
        symbols = tf.nest.map_structure(lambda s: keras.Input(batch_shape=s.shape, dtype=s.dtype), specs(specimen))
        model = keras.Model(tf.nest.flatten(symbols), call(instance, specimen, symbols))
        fed = tf.nest.flatten(inputs)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", compile=False)

    assert_same(loaded(fed), model(fed))


@over_specimens
def test_saved_model_without_our_classes(specimen: Any, tmp_path: Path) -> None:
    module = tf.Module()
    module.instance = made(specimen)
    module.serve = tf.function(
        lambda inputs: call(module.instance, specimen, inputs), input_signature=[specs(specimen)]
    )
    tf.saved_model.save(module, str(tmp_path / "saved"))
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    inputs = tensors(specimen.inputs(BATCH))

    assert_same(loaded.serve(inputs), call(module.instance, specimen, inputs))


@over_specimens
def test_unknown_batch_traces_once(specimen: Any) -> None:
    instance = made(specimen)
    traced = tf.function(lambda inputs: call(instance, specimen, inputs), input_signature=[specs(specimen)])

    for batch in (BATCH, 2, 1):
        inputs = tensors(specimen.inputs(batch))
        assert_same(traced(inputs), call(instance, specimen, inputs))
    assert traced.experimental_get_tracing_count() == 1


@over_specimens
def test_empty_batch(specimen: Any) -> None:
    instance = made(specimen)
    outputs = call(instance, specimen, tensors(specimen.inputs(0)))

    assert all(np.isfinite(np.asarray(output, np.float32)).all() for output in tf.nest.flatten(outputs))


@pytest.fixture
def half_precision() -> Iterator[None]:
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy("mixed_float16")
    yield
    keras.mixed_precision.set_global_policy(before)


@over_specimens
def test_mixed_precision(specimen: Any, half_precision: None) -> None:
    instance = made(specimen)
    keras.mixed_precision.set_global_policy("float32")
    exact = made(specimen)
    exact.set_weights(instance.get_weights())
    inputs = tensors(specimen.inputs(BATCH))
    half = tf.nest.map_structure(lambda t: tf.cast(t, tf.float16) if t.dtype == tf.float32 else t, inputs)
    outputs = call(instance, specimen, half)

    assert {weight.dtype for weight in instance.weights if weight.dtype.is_floating} <= {tf.float32}
    assert {output.dtype for output in tf.nest.flatten(outputs) if output.dtype.is_floating} == {
        tf.as_dtype(specimen.output_dtype or instance.compute_dtype)
    }
    assert_same(outputs, call(exact, specimen, inputs), tolerance=2e-2)


@over_specimens
def test_gradients_are_finite(specimen: Any) -> None:
    instance = made(specimen)
    options = {"training": True} if "training" in inspect.signature(instance.call).parameters else {}
    for scale in (1.0, 0.0):  # zeros: where a norm has no derivative
        inputs = tensors(specimen.inputs(BATCH))
        inputs = tf.nest.map_structure(lambda t: t * scale if t.dtype == tf.float32 else t, inputs)  # noqa: B023
        fed = [tensor for tensor in tf.nest.flatten(inputs) if tensor.dtype == tf.float32]
        with tf.GradientTape() as tape:
            tape.watch(fed)
            outputs = tf.nest.flatten(call(instance, specimen, inputs, **options))
            loss = sum(tf.reduce_sum(tf.square(o)) for o in outputs if o.dtype.is_floating) + sum(instance.losses)
        weights = instance.trainable_weights
        gradients = tape.gradient(loss, [*weights, *fed], unconnected_gradients="zero")
        gradients = [tf.convert_to_tensor(gradient).numpy() for gradient in gradients]  # of an embedding: sparse

        assert all(np.isfinite(gradient).all() for gradient in gradients)
        if scale:
            reached = [w.name for w, g in zip(weights, gradients, strict=False) if np.any(g != 0)]
            unreached = {weight.name for weight in weights if "prior" not in weight.name} - set(reached)
            assert not unreached
