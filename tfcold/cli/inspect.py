"""`tfcold inspect`: the model card of a bundle."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from tfcold.cli import console

if TYPE_CHECKING:
    from tfcold.manifest import Manifest

SUMMARY: Final = "show the model card of a bundle"
DESCRIPTION: Final = (
    "Shows what a bundle says of itself: sizes, encoders, settings and figures. Checks the sizes of its files, "
    "and with --verify that none changed."
)
EPILOG: Final = """\
examples:
  tfcold inspect saved_models/shop
  tfcold inspect saved_models/shop --verify
  tfcold inspect saved_models/shop --json
"""
_FIGURES: Final = ("ndcg@20", "recall@20")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="DIR", help="folder of a bundle, or of one version of it")
    parser.add_argument("--verify", action="store_true", help="compare the sha256 of every file, not only sizes")
    parser.add_argument("--json", action="store_true", help="the whole card as JSON")


def run(args: argparse.Namespace) -> None:
    console.check_model(args.model, "DIR")

    from tfcold.manifest import check_files, read_manifest, version_folder

    version = version_folder(args.model)
    manifest = read_manifest(version)
    check_files(version, manifest, contents=args.verify)
    console.say(json.dumps(manifest.to_dict(), indent=2) if args.json else card(manifest, str(version), args.verify))


def card(manifest: Manifest, folder: str, verified: bool = False) -> str:
    """The model card as lines."""
    size = sum(int(said["bytes"]) for said in manifest.files.values())
    checked = "sha256 of each" if verified else "sizes"
    rows = [
        ["name", manifest.name],
        [
            "folder",
            f"{folder} ({size / 1e6:.1f} MB in {len(manifest.files)} files, {checked} as written)",
        ],
        ["written", f"{manifest.created} by tfcold {manifest.tfcold}"],
        ["sizes", ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in manifest.sizes.items())],
        ["width", f"{manifest.dim}, fusion {manifest.model.get('fusion', '?')}"],
        *([f"block {name}", _block(said)] for name, said in manifest.text.items()),
        *([f"user block {name}", _block(said)] for name, said in manifest.user_text.items()),
        ["settings", ", ".join(f"{name} {_short(value)}" for name, value in manifest.settings.items())],
        ["search", _search(manifest)],
        ["split", f"{manifest.split.get('protocol')}, fingerprint {str(manifest.split.get('fingerprint'))[:12]}"],
        *(_change(one) for one in manifest.added),
        ["packages", ", ".join(f"{name} {version}" for name, version in manifest.versions.items())],
    ]
    lines = [console.aligned(rows)]
    for evaluation in manifest.metrics.get("evaluations", []):
        lines += ["", f"{evaluation['system']}, {evaluation['part']} rows:", console.aligned(_figures(evaluation))]
    return "\n".join(lines)


def _search(manifest: Manifest) -> str:
    found = manifest.cells
    if not found:
        return "exact" if manifest.search == "exact" else f"exact, though {manifest.search} was asked for"
    part = "leaves" if "leaves" in found else "cells"
    return f"{manifest.search}, {found['probes']:,} of {found[part]:,} {part}, recall@{found['k']} {found['recall']}"


def _change(said: Mapping[str, Any]) -> list[str]:
    when = f"at {said.get('created')}"
    if "encoders" in said:
        return ["encoders", f"{said['encoders']} put in {when}" if said["encoders"] else f"taken out {when}"]
    kinds = {"items": ("added", "items"), "replaced": ("described anew", "items"), "removed": ("removed", "items"),
             "users": ("added", "users")}  # fmt: skip
    parts = [f"{verb} {said[kind]:,} {what}" for kind, (verb, what) in kinds.items() if kind in said]
    return ["change", f"{', '.join(parts) or 'added 0 items'} {when}"]


def _block(said: Mapping[str, Any]) -> str:
    parts = [f"width {said.get('width')}"]
    if encoder := said.get("encoder"):
        parts.append(f"encoder {encoder} ({str(said.get('encoder_fingerprint'))[:12]})")
    if file := said.get("file"):
        parts.append(f"from {file}")
    if template := said.get("template"):
        parts.append(f"reads {', '.join(template['columns'])}")
    if said.get("stored"):
        parts.append("encoder kept in the bundle")
    if said.get("in_graph"):
        parts.append("encoder in the SavedModel")
    return ", ".join(parts)


def _figures(evaluation: Mapping[str, Any]) -> list[list[str]]:
    head = ["regime", "users", "candidates", *_FIGURES]
    rows = [head]
    for regime, result in evaluation["regimes"].items():
        cells = [_interval(result["metrics"].get(name)) for name in _FIGURES]
        rows.append([regime, f"{result['users']:,}", f"{result['candidates']:,}", *cells])
    return rows


def _interval(figure: Mapping[str, float] | None) -> str:
    if not figure:
        return "-"
    return f"{figure['value']:.4f} [{figure['low']:.4f}, {figure['high']:.4f}]"


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
