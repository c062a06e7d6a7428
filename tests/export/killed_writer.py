"""Runs commands and kills them, as `kill -9` does, at a write of theirs; told by JSON on stdin.

TensorFlow and tfcold are imported once; each command runs in a fork of that, before any op ran. What counts as a write
is what the interpreter reports of `open` for writing, `mkdir`, `rename` and `rmdir`, the calls by which TensorFlow
writes a SavedModel (its checkpoint goes in one), and the return of a rename.

A job without a command is what a fit ends with: the export of a model, here the toy world's. One with `copies` is not
killed; at each of its writes the folder is copied as it lies there, which is what a kill at that write would leave. One
with `call`, `module:name` and a number, is killed when that function is called for the so many-th time.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import tensorflow as tf
from tensorflow.python.lib.io import file_io

import tfcold.export  # before the forks, not in each
from tfcold.cli import main as command_line

WRITES = {"os.mkdir", "os.rename", "os.rmdir", "tensorflow.write", "os.renamed"}
CALLS = ("recursive_create_dir_v2", "recursive_create_dir", "write_string_to_file", "atomic_write_string_to_file")


def main() -> None:
    rename = os.replace

    def replaced(*args: object, **options: object) -> None:
        rename(*args, **options)
        sys.audit("os.renamed", *map(str, args))

    os.replace = replaced
    for name in CALLS:
        if hasattr(file_io, name):
            setattr(file_io, name, told(getattr(file_io, name)))
    results = []
    for job in json.load(sys.stdin):
        child = os.fork()
        if child == 0:
            run(job)
        status = os.waitpid(child, 0)[1]
        under = job["under"]
        there = {name: sorted(os.listdir(os.path.join(under, name))) for name in sorted(os.listdir(under))}
        results.append({"killed": os.WIFSIGNALED(status), "there": there})
    json.dump(results, sys.stdout)


def results_of(jobs: list[dict], **environment: str) -> tuple[list[dict], str]:
    """What became of each job, done in another process, and what was said on the way: for tests."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TFCOLD_PROGRESS": "0", **environment}
    done = subprocess.run(
        [sys.executable, __file__], input=json.dumps(jobs), capture_output=True, text=True, env=environment, check=True
    )
    return json.loads(done.stdout), done.stderr[-2000:]


def listed(names: list[str]) -> tuple[list[str], int]:
    """Versions, and how many folders that were written aside."""
    return [name for name in names if name.isdigit()], sum(name.endswith(".partial") for name in names)


def told(call):  # type: ignore[no-untyped-def]
    def wrapped(path, *args, **options):  # type: ignore[no-untyped-def]
        sys.audit("tensorflow.write", str(path))
        return call(path, *args, **options)

    return wrapped


def run(job: dict) -> None:
    """Never returns: dies at the first write under `job["under"]` that begins with the words `job["at"]`."""
    if "call" in job:
        dies_at_call(*job["call"])
    world = None if job["command"] else toys().make_world()

    def hook(event: str, args: tuple) -> None:
        writes = event in WRITES or (event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"))
        if not writes or job["under"] not in str(args[0]):
            return
        if "copies" in job:
            shutil.copytree(job["under"], os.path.join(job["copies"], f"{len(os.listdir(job['copies'])):03}"))
        elif job.get("at") and f"{event} {os.path.basename(str(args[0]))}".startswith(job["at"]):
            os.kill(os.getpid(), signal.SIGKILL)

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.addaudithook(hook)
    if world is None:
        os._exit(command_line(job["command"]))
    encoders = {"lexical": world.lexical}
    tfcold.export.export(
        world.trained, job["out"], items=world.items, features=world.features, report={"a": 1}, encoders=encoders
    )
    os._exit(0)


def dies_at_call(name: str, number: int) -> None:
    """From now on the `number`-th call of `module:name` kills this process before it does anything."""
    path, _, dotted = name.partition(":")
    *owners, last = dotted.split(".")
    holder = functools.reduce(getattr, owners, importlib.import_module(path))
    whole, calls = getattr(holder, last), itertools.count(1)

    def killed(*args, **options):  # type: ignore[no-untyped-def]
        if next(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return whole(*args, **options)

    setattr(holder, last, killed)


def toys():  # type: ignore[no-untyped-def]
    spec = importlib.util.spec_from_file_location("toy_bundles", Path(__file__).with_name("toy_bundles.py"))
    sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    assert tf.__version__
    main()
