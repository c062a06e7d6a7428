"""What a bundle says of itself: JSON in, JSON out; and where in a folder the bundle lies."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from tfcold.errors import BundleError
from tfcold.files import sha256_of_file

SCHEMA_VERSION: Final = 1
EXTRA: Final = "assets.extra"
SAVED_MODEL: Final = "saved_model.pb"
MANIFEST_FILE: Final = "manifest.json"
ITEMS_FILE: Final = "items.parquet"
SPLIT_FILE: Final = "explain.npz"
REPORT_FILE: Final = "report.json"
OWN_HASH: Final = "sha256"  # of the manifest, in the manifest; those of earlier versions have none

_KINDS: Final = {"str": str, "int": int, "dict": dict, "list": list}


@dataclass(frozen=True)
class Manifest:
    """The model card of a bundle, `<version>/assets.extra/manifest.json`.

    Args:
        name: str. What the model is called.
        tfcold: str. The version that wrote the bundle.
        created: str. When, ISO 8601 in UTC.
        dim: int. Width D of the shared space; tables of candidates and queries are D + 1 wide.
        default_k: int. Length of the lists of `serving_default`.
        sizes: mapping. Users and items, by kind.
        schema: mapping. Sizes the model was built for, with the widths of its blocks.
        model: mapping. Configuration of the model.
        parts: mapping. How to rebuild the layers that serve what training never saw.
        settings: mapping. What the fit was told and chose.
        text: mapping of block to what wrote its vectors: encoder, template, fingerprints, where the encoder is kept.
        user_text: the same for the blocks of users.
        split: mapping. Fingerprint, protocol and seed of the split.
        metrics: mapping. The report of the evaluation; empty if there was none.
        versions: mapping of package to version at the time of writing.
        added: list of mappings. What joined later without training, oldest first.
        store: str. In what the tables are kept: `float32`, `float16` or `int8`.
        search: str. What was asked for: `exact`, `approximate` or `scann`.
        cells: mapping. Of a search that is not exact: its cells, or the leaves of ScaNN, how many it looks into
            (`probes`), the length of the lists by which that was chosen (`k`) and their recall; of ScaNN also how many
            items are scored anew. Empty where the search is exact.
        graph: mapping. What its graph was traced by and for, where the next version can go on with it.
        files: mapping of path within the version folder to `sha256` and `bytes`, the manifest itself left out.
        schema_version: int. Of this file's form.
    """

    name: str
    tfcold: str
    created: str
    dim: int
    default_k: int
    sizes: dict[str, int]
    schema: dict[str, Any]
    model: dict[str, Any]
    parts: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=dict)
    text: dict[str, Any] = field(default_factory=dict)
    user_text: dict[str, Any] = field(default_factory=dict)
    split: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    added: list[dict[str, Any]] = field(default_factory=list)
    store: str = "float32"
    search: str = "exact"
    cells: dict[str, Any] = field(default_factory=dict)
    graph: dict[str, Any] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION

    @property
    def text_block(self) -> str | None:
        """The block whose vectors `recommend_from_vector` takes: the first one; None if there are no blocks."""
        return next(iter(self.text), None)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Any, where: str = "manifest") -> Manifest:
        """The manifest in parsed JSON. A field that has a default may be missing: bundles of earlier versions lack it.

        Raises:
            BundleError: the content is no manifest, or of a form that a later version writes.
        """
        if not isinstance(content, Mapping) or not isinstance(content.get("schema_version"), int):
            raise BundleError(f"`{where}` is no manifest of a bundle: it has no number under 'schema_version'")
        if content["schema_version"] > SCHEMA_VERSION:
            raise BundleError(
                f"`{where}` has schema_version {content['schema_version']}; this tfcold reads up to {SCHEMA_VERSION}. "
                "Update tfcold"
            )
        values: dict[str, Any] = {}
        for one in fields(cls):
            if one.name not in content and (one.default, one.default_factory) != (MISSING, MISSING):
                continue
            kind = _KINDS[str(one.type).partition("[")[0]]
            value = content.get(one.name)
            if not isinstance(value, kind):
                raise BundleError(f"`{where}` must hold a {kind.__name__} under {one.name!r}; received {value!r:.60}")
            values[one.name] = value
        _check_files_said(values.get("files", {}), where)
        return cls(**values)

    def write(self, version: Path) -> None:
        """Writes it into a version folder, with its own hash. Keys keep their order: that of blocks has a meaning."""
        content = {**self.to_dict(), OWN_HASH: _hash_of(self.to_dict())}
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        (version / EXTRA / MANIFEST_FILE).write_text(text, encoding="utf-8")


def _check_files_said(files: Mapping[str, Any], where: str) -> None:
    """Every file is said by a path inside the version folder, with a sha256 and a size."""
    for name, said in files.items():
        inside = not name.startswith("/") and ".." not in name.split("/") and "\0" not in name and name != ""
        if not inside or not isinstance(said, Mapping) or not isinstance(said.get("bytes"), int):
            raise BundleError(
                f"`{where}` must say of each file its bytes and sha256; of {name!r:.60} it says {said!r:.60}"
            )
    if SAVED_MODEL not in files:
        raise BundleError(f"`{where}` must name {SAVED_MODEL} under 'files'; it names {len(files)} others")


def _hash_of(content: Mapping[str, Any]) -> str:
    """sha256 of a manifest as JSON without white space and its own hash; the order of keys counts."""
    said = json.loads(json.dumps({name: value for name, value in content.items() if name != OWN_HASH}))
    return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()


def read_manifest(version: Path) -> Manifest:
    """The manifest of a version folder.

    Raises:
        BundleError: there is none, or it cannot be read.
    """
    return Manifest.from_dict(_content_of(version), str(version / EXTRA / MANIFEST_FILE))


def _content_of(version: Path) -> Any:
    path = version / EXTRA / MANIFEST_FILE
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BundleError(
            f"`{version}` is a SavedModel without {EXTRA}/{MANIFEST_FILE}, so no bundle of tfcold"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise BundleError(f"`{path}` cannot be read as JSON: {error}") from error


def versions_of(folder: Path) -> list[int]:
    """Numbers of the versions in a bundle's name folder, ascending; `[]` where it holds none."""
    if not folder.is_dir():
        return []
    numbers = [int(path.name) for path in folder.iterdir() if path.name.isascii() and path.name.isdigit()]
    return sorted(number for number in numbers if (folder / str(number) / SAVED_MODEL).is_file())


def version_folder(folder: str | Path) -> Path:
    """The version folder that a path means: the path itself, or the newest version in a bundle's name folder.

    Raises:
        BundleError: it is neither.
    """
    path = Path(folder)
    if (path / SAVED_MODEL).is_file():
        return path
    versions = versions_of(path)
    if versions:
        return path / str(versions[-1])
    found = "a folder that holds no version" if path.is_dir() else "a file" if path.exists() else "nothing"
    raise BundleError(
        f"`{path}` must be the folder of a bundle, with {SAVED_MODEL} in it or in its numbered versions; "
        f"found {found}. `tfcold fit --out` writes one"
    )


def hashes_of(version: Path) -> dict[str, dict[str, Any]]:
    """sha256 and size of every file of a version folder but the manifest, by its path with `/`."""
    manifest = version / EXTRA / MANIFEST_FILE
    return {
        path.relative_to(version).as_posix(): {"sha256": sha256_of_file(path), "bytes": path.stat().st_size}
        for path in sorted(version.rglob("*"))
        if path.is_file() and path != manifest
    }


def check_files(version: Path, manifest: Manifest, *, contents: bool = True, under: str | None = None) -> None:
    """Nothing, where every file is what the manifest says, and the manifest what was written.

    Args:
        version: the version folder.
        manifest: its manifest.
        contents: bool. False compares sizes only, which takes no time.
        under: a file, or a folder whose files are looked at, by its path within the version folder; default all.

    Raises:
        BundleError: a file is missing or changed, the manifest among them; it names up to three.
    """
    if contents and under is None:
        _check_own_hash(version)
    files = manifest.files
    if under is not None:
        files = {name: said for name, said in files.items() if name == under or name.startswith(f"{under}/")}
    wrong = []
    for name, said in files.items():
        path = version / name
        if not path.is_file():
            wrong.append(f"{name} is missing")
        elif path.stat().st_size != said.get("bytes"):
            wrong.append(f"{name} has {path.stat().st_size} bytes instead of {said.get('bytes')}")
        elif contents and sha256_of_file(path) != said.get("sha256"):
            wrong.append(f"{name} has another sha256")
    if wrong:
        raise BundleError(
            f"`{version}` is damaged: {len(wrong)} of {len(files)} files are not as its manifest says: "
            f"{'; '.join(wrong[:3])}. Copy or export the bundle again"
        )


def _check_own_hash(version: Path) -> None:
    content = _content_of(version)
    if OWN_HASH in content and content[OWN_HASH] != _hash_of(content):
        raise BundleError(
            f"`{version}` is damaged: {EXTRA}/{MANIFEST_FILE} was changed after it was written. "
            "Copy or export the bundle again"
        )
