from __future__ import annotations

import subprocess
import sys

import tfcold


def test_every_public_name_is_there_after_import_alone() -> None:
    assert all(getattr(tfcold, name) is not None for name in tfcold.__all__)


def test_export_is_there_before_anything_else_is_asked_for() -> None:
    said = "import tfcold; print(tfcold.export.encode_texts.__name__)"

    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True)

    assert done.stdout.strip() == "encode_texts", done.stderr
