import pandas as pd
import pytest

from tfcold.errors import InputError
from tfcold.text.encoders import HubEncoder, KerasNLPEncoder, LexicalEncoder, StaticEncoder, get_encoder


def test_get_encoder_reads_names_and_prefixes():
    assert isinstance(get_encoder("lexical"), LexicalEncoder)
    preset = get_encoder("keras-nlp:all_minilm_l6_v2_en")
    assert isinstance(preset, KerasNLPEncoder)
    assert preset.preset == "all_minilm_l6_v2_en"
    assert get_encoder("hf://sentence-transformers/all-MiniLM-L6-v2").name == "all-MiniLM-L6-v2"
    hub = get_encoder("hub:https://tfhub.dev/google/use/4")
    assert isinstance(hub, HubEncoder)
    assert hub.handle == "https://tfhub.dev/google/use/4"


def test_get_encoder_tells_folders_apart_by_their_files(tmp_path):
    for name, files in (
        ("hub", ["saved_model.pb"]),
        ("sentence", ["config.json", "model.safetensors", "tokenizer.json"]),
        ("static", ["table.safetensors", "some_tokenizer_config.json"]),
    ):
        (tmp_path / name).mkdir()
        for file in files:
            (tmp_path / name / file).write_text("{}")
    LexicalEncoder().fit(pd.DataFrame({"title": ["a b"]})).save(tmp_path / "lexical")
    kinds = {"hub": HubEncoder, "sentence": KerasNLPEncoder, "static": StaticEncoder, "lexical": LexicalEncoder}
    for name, kind in kinds.items():
        assert isinstance(get_encoder(tmp_path / name), kind)


def test_get_encoder_refuses_other_names_and_folders(tmp_path):
    with pytest.raises(InputError, match=r"`encoder` must be 'minilm', .* received 'bert'"):
        get_encoder("bert")
    with pytest.raises(InputError, match="received 'hub:'"):
        get_encoder("hub:")
    with pytest.raises(InputError, match="names a folder that is no SavedModel"):
        get_encoder(tmp_path)
