"""Static vectors of a few tokens, saved as they come from their makers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np


def save_static(folder: Path) -> Path:
    """The folder, with vectors 6 wide of a few tokens and of every byte, and byte pair encoding as Llama has it."""
    from safetensors.numpy import save_file

    folder.mkdir(exist_ok=True)
    letters = ["\u2581", *"abcdesx"]
    merges = ["\u2581 s", "e a", "\u2581s ea", "b c", "a b", "ab c", "a bc", "\u2581 a"]
    named = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *letters]
    vocabulary = {
        name: at for at, name in enumerate([*named, *dict.fromkeys(merge.replace(" ", "") for merge in merges)])
    }
    marks = [{"id": at, "content": name, "special": True, "single_word": False, "lstrip": False, "rstrip": False,
              "normalized": False} for at, name in enumerate(named[:3])]  # fmt: skip
    normalizers = [
        {"type": "Prepend", "prepend": "\u2581"},
        {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"},
    ]
    model = {"type": "BPE", "unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True, "vocab": vocabulary,
             "merges": merges}  # fmt: skip
    normalizer = {"type": "Sequence", "normalizers": normalizers}
    content = {"version": "1.0", "added_tokens": marks, "normalizer": normalizer, "model": model}
    (folder / "tokenizer.json").write_text(json.dumps(content))
    table = np.random.default_rng(0).normal(size=(len(vocabulary) - 1, 6)).astype(np.float32)  # the last has no vector
    save_file({"embedding.weight": table}, folder / "words.safetensors")
    return folder
