"""Writes what a benchmark measured, with everything needed to judge it: seed, versions, machine, commit."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from tfcold.files import write_json
from tfcold.version import __version__

RESULTS = Path(__file__).with_name("results")
PACKAGES = (
    "tensorflow", "tf-keras", "tensorflow-recommenders", "keras", "keras-nlp", "numpy", "pandas", "scipy",
    "faiss-cpu", "usearch", "scann",
)  # fmt: skip


def write_results(name: str, figures: Mapping[str, Any], *, seed: int | None, out: Path | None = None) -> Path:
    """Path of the JSON file written: `results/<name>.json`, or `out`.

    Args:
        name: str. The benchmark.
        figures: mapping, fit for JSON. What was measured; a name ends in its unit.
        seed: int or None. What fixed the randomness.
        out: where else to write.
    """
    path = out or RESULTS / f"{name}.json"
    content = {
        "benchmark": name,
        "figures": dict(figures),
        "seed": seed,
        "versions": versions(),
        "machine": machine(),
        "commit": commit(),
    }
    write_json(path, content)
    return path


def versions() -> dict[str, str]:
    """Versions of Python, tfcold and what it stands on."""
    found = {"python": platform.python_version(), "tfcold": __version__}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    """The model of the CPU, the cores this process may use, and how busy they were a minute ago."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [
            line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"cpu": model, "cores": cores, "load": round(os.getloadavg()[0], 1), "system": platform.system()}


@cache
def commit() -> str:
    """The commit checked out, with `+` when files other than results differ from it; `"unknown"` outside a checkout.

    Looked up once: what happens to the checkout later is not what runs.
    """
    folder = Path(__file__).parent
    try:
        head = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no", "--", ":/", ":!/benchmarks/results")
        return head + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()
