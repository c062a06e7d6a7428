import pytest

from tfcold.errors import InputError
from tfcold.training import Settings


def test_preset_takes_changes() -> None:
    assert Settings.preset("fast") == Settings()
    assert Settings.preset("best", seed=3).seed == 3
    assert Settings.preset("best").epochs > Settings.preset("fast").epochs
    assert Settings().with_(dim=7).to_dict()["dim"] == 7


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"objective": "bpr"}, "`objective` must be one of 'auto', 'full', 'retrieval'; received 'bpr'"),
        ({"max_dim": 0}, "`max_dim` must be at least 1; received 0"),
        ({"batch_size": 0}, "`batch_size` must be at least 1; received 0"),
        ({"hidden_share": 1.0}, r"`hidden_share` must lie in \(0, 1\); received 1.0"),
        ({"id_dropout": 1.0}, r"`id_dropout` must lie in \[0, 1\); received 1.0"),
        ({"ease_dropout": 1.0}, r"`ease_dropout` must lie in \[0, 1\), or be None; received 1.0"),
        ({"norm_shrinkage": 1.5}, r"`norm_shrinkage` must lie in \[0, 1\], or be None; received 1.5"),
        ({"learning_rate": 0.0}, "`learning_rate` must be positive; received 0.0"),
        ({"ials_penalty": 0.0}, "`ials_penalty` must be positive, or None; received 0.0"),
        ({"ials_alpha": -1.0}, "`ials_alpha` must be positive, or None; received -1.0"),
        ({"seed": 2**32}, r"`seed` must lie in \[0, 4294967295\]; received 4294967296"),
        ({"seed": -1}, r"`seed` must lie in \[0, 4294967295\]; received -1"),
        ({"dim": 0}, "`dim` must be at least 1, or None; received 0"),
    ],
)
def test_settings_out_of_range_name_what_came(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Settings(**changes)


def test_unknown_preset_is_named() -> None:
    with pytest.raises(InputError, match="`preset` must be one of 'fast', 'best'; received 'slow'"):
        Settings.preset("slow")


def test_a_prior_that_is_not_chosen_counts_nothing() -> None:
    assert Settings().prior_curve == (0.0, 1.0)
    assert Settings(prior_strength=2.0, prior_decay=0.0).prior_curve == (2.0, 0.0)


@pytest.mark.parametrize("name", ["user_words_strength", "user_words_decay"])
def test_words_of_users_count_nothing_or_more(name: str) -> None:
    with pytest.raises(InputError, match=f"`{name}` must be at least 0"):
        Settings(**{name: -0.1})
