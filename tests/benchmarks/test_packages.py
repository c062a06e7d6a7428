"""A collection made of an index of packages that is written here."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from tfcold.errors import InputError

STANZA = """Package: {name}
Source: {source} (1.0)
Section: {section}
Description: does {section}
Tag: role::program,
 works-with::{section}
Depends: {depends}
"""


@pytest.fixture(scope="module")
def packages(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("packages")


def index() -> str:
    """Forty programs with a library each, in two sections; a program uses 14 of the 20 libraries of its section."""
    stanzas = []
    for number in range(40):
        section = ("games", "science")[number % 2]
        used = [f"lib{(number + 2 * step) % 40} (>= 1) | other" for step in range(14)]
        stanzas.append(
            STANZA.format(name=f"tool{number}", source=f"tool{number}", section=section, depends=", ".join(used))
        )
        stanzas.append(STANZA.format(name=f"lib{number}", source=f"lib{number}", section=section, depends="nothing"))
        stanzas.append(
            STANZA.format(
                name=f"tool{number}-data", source=f"tool{number}", section=section, depends=f"lib{number + 1}"
            )
        )
    return "\n".join(stanzas)


def test_a_collection_is_what_the_benchmark_reads(packages: ModuleType, tmp_path: Path) -> None:
    with gzip.open(tmp_path / "Packages.gz", "wt") as file:
        file.write(index())
    from quality_parts.collection import read_collection

    packages.main([str(tmp_path / "Packages.gz"), "--out", str(tmp_path / "made")])
    found = read_collection(tmp_path / "made")

    assert set(found.rows["user_id"]) <= {f"tool{number}" for number in range(40)}
    assert set(found.rows["item_id"]) <= {f"lib{number}" for number in range(40)}
    both = [found.rows[name].str.extract(r"(\d+)", expand=False).astype(int) % 2 for name in ("user_id", "item_id")]
    assert (both[0] == both[1]).all()  # what -data packages depend on is nothing users did
    assert {"train", "warm_val", "warm_test", "cold_val", "cold_test"} == set(found.rows["split"])
    train = found.rows[found.rows["split"] == "train"]
    cold = found.rows[found.rows["split"].str.startswith("cold")]
    assert not set(cold["item_id"]) & set(train["item_id"])
    assert set(found.rows["user_id"]) <= set(train["user_id"])
    one = found.items.frame.iloc[0]
    assert one["tags"] == f"role::program, works-with::{one['section']}"
    assert found.users is not None
    assert found.users.frame.iloc[0]["about"] in ("does games", "does science")
    assert found.cold_users is not None
    kept = found.cold_users.merge(found.rows)
    assert len(kept) == len(found.cold_users)
    assert not kept["split"].str.startswith("cold").any()

    packages.main([str(tmp_path / "Packages.gz"), "--out", str(tmp_path / "again")])
    pd.testing.assert_frame_equal(read_collection(tmp_path / "again").rows, found.rows)


def test_an_index_of_strangers_is_refused(packages: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "Packages").write_text(STANZA.format(name="one", source="one", section="games", depends="two"))
    with pytest.raises(InputError, match="no packages of which 5"):
        packages.main([str(tmp_path / "Packages"), "--out", str(tmp_path / "made")])
    assert not (tmp_path / "made").exists()
