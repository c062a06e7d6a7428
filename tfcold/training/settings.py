"""What a fit may be told, and what it chooses for itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from tfcold.errors import InputError

_CHOICES: Final = {
    "teacher": ("auto", "ials", "ease", "both"),
    "one_list": ("auto", "validation", "demand"),
    "objective": ("auto", "full", "retrieval"),
}


@dataclass(frozen=True)
class Settings:
    """Settings of a fit. `None` means: chosen on validation rows, by `training.choose`.

    Args:
        max_dim: int, default 768. Widest shared space; the width is the smallest that validation finds as good.
        dim: int or None. Width D.
        teacher: `"auto"`, `"ials"`, `"ease"` or `"both"`, side by side. `auto` is chosen on validation rows.
        penalty: float or None. Ridge penalty of the EASE teacher.
        ease_dropout: float in [0, 1) or None. Dropout of the EASE teacher.
        ease_dim: int or None. Columns of EASE in `"both"`.
        ease_weight: float or None. Weight of EASE in `"both"`.
        ials_penalty, ials_alpha: float or None. L2 penalty of the iALS teacher, and its confidence in a row.
        confidence_spread: float in [0, 1] or None. How far training rows count by their weight, or else their rating,
            to the teacher and in the queries of training users: `Split.weighed`.
        max_landmarks: int >= 0, default 16384. Most warm items that the kernel regression from words keeps; where
            there are more, as many are drawn, and up to four times as many teach. 0 stays linear.
        kernel_gamma: float or None. `k(a, b) = exp(-gamma |a - b|^2)`.
        block_weights: mapping or None. How much each block of item vectors counts in the kernel; 1 where not named.
        text_penalty: float or None. Ridge penalty of the map from words to factors.
        words_ials_penalty, words_ials_alpha: float or None. The iALS whose scores words are taught; a penalty of 0
            leaves it to the teacher of warm items.
        profile_dim: int or None. Columns of the content profile beside the teacher; default a quarter of the teacher's.
        profile_weight: float >= 0 or None. Its scores as a multiple of the teacher's, as spread; 0 leaves it out.
        profile_penalty: float > 0 or None. Ridge penalty of the content profile; default 10, not chosen.
        norm_shrinkage: float in [0, 1] or None. How far the lengths of what words predict of new candidates go towards
            one length: `NormShrinkage`.
        warm_norm_shrinkage: float in [0, 1] or None. The same of what words add to warm candidates.
        cold_scale: float or None. Scale of cold candidates beside warm ones.
        one_list: how many places new items get in a list with known ones. `"validation"`: as many as `cold_scale` gives
            them, chosen for the highest NDCG@20 on validation rows. `"demand"`: in the mean over users, as large a
            share of the first 20 as they have of what users do, which keeps lists from filling with new items where
            validation hides all rows of some items and few of the others. `"auto"` (default): the first where
            validation rows were given, the second where training rows play validation.
        exposure: float > 0 or None. Factor on the scores of new items beside `cold_scale`, by which `one_list` is
            brought about. One that is named takes the place of the one that would be chosen, which the settings of a
            fitted model say; a higher one brings more new items into lists, a lower one fewer.
        warm_text_scale: float or None. How much of its words a warm candidate keeps beside its ID embedding.
        leave_out: bool or None. Whether these words are what all other items say of it; else what the regression
            predicts, to which the item itself adds.
        text_halfway: float or None. Interactions at which the words of a warm candidate count halfway between what they
            do in a cold one and `warm_text_scale`; the most that costs nothing.
        history_text_scale: float or None. How much of its words a warm item keeps in a history.
        user_words_penalty: float > 0 or None. Ridge penalty of the kernel regression from the words of users to what
            they did.
        user_words_strength, user_words_decay: float or None. How much that counts beside a history, and how fast it
            stands back as the history grows: `FadingWords`.
        fold_in_share: float or None. How far the query of a training user goes from the sum of their history to the
            fold-in solved for them; the way is their ID embedding.
        fold_in_penalty: float > 0 or None. Ridge penalty of that, of the mean squared length of an axis.
        fold_in_ease: bool or None. Whether it is solved on the columns of EASE beside iALS, too.
        shrinkage, shrinkage_decay: float or None. `HistoryShrinkage` of newcomers' histories.
        similar_strength, similar_sharpness: float or None. `SimilarUsers` of newcomers.
        prior_strength, prior_decay: float or None. `PopularityPrior`.
        cold_prior_penalty: float >= 0 or None. Ridge penalty under which it reads off its words how popular a new item
            will be; 0 takes new items for average ones.
        cold_prior_scale: float >= 0 or None. How much that counts beside what is known of warm items.
        epochs: int >= 0, default 3. Epochs of gradient training after the closed-form start.
        validation_users: int, default 1500. Most users by whose validation rows, in each regime, things are chosen.
        patience: int, default 2. Epochs without gain on validation after which training stops.
        objective: `"auto"`, `"full"` or `"retrieval"`. Softmax over the whole catalogue, or over the batch with logQ
            correction and uniform negatives; `auto` takes the cheaper that fits in memory, and
            without a GPU no gradient steps at all where an epoch would take minutes.
        batch_size: int, default 256. Users (full) or four times as many rows (retrieval) a batch.
        learning_rate: float > 0, default 3e-5. Adam's; small, since the closed form is close to where the steps lead.
        hidden_share: float in (0, 1), default 0.5. Share of a history hidden from the input in training.
        train_words: bool, default False. Whether gradient steps change the map from words to the shared space, too.
        id_dropout: float in [0, 1), default 0. Share of candidates that training shows without their ID; with
            `train_words`, how words learn to stand alone.
        mixed_precision: bool, default False. Gradient steps compute in float16 (bfloat16 without a GPU); weights, and
            the model that comes out, stay float32.
        jit_compile: bool, default False. Compile the training step with XLA; one replica only.
        seed: int from 0 to 2^32 - 1, default 0. Fixes everything that is drawn.
    """

    max_dim: int = 768
    dim: int | None = None
    teacher: str = "auto"
    penalty: float | None = None
    ease_dropout: float | None = None
    ease_dim: int | None = None
    ease_weight: float | None = None
    ials_penalty: float | None = None
    ials_alpha: float | None = None
    confidence_spread: float | None = None
    max_landmarks: int = 16_384
    kernel_gamma: float | None = None
    block_weights: Mapping[str, float] | None = None
    text_penalty: float | None = None
    words_ials_penalty: float | None = None
    words_ials_alpha: float | None = None
    profile_dim: int | None = None
    profile_weight: float | None = None
    profile_penalty: float | None = None
    norm_shrinkage: float | None = None
    warm_norm_shrinkage: float | None = None
    cold_scale: float | None = None
    one_list: str = "auto"
    exposure: float | None = None
    warm_text_scale: float | None = None
    leave_out: bool | None = None
    text_halfway: float | None = None
    history_text_scale: float | None = None
    user_words_penalty: float | None = None
    user_words_strength: float | None = None
    user_words_decay: float | None = None
    fold_in_share: float | None = None
    fold_in_penalty: float | None = None
    fold_in_ease: bool | None = None
    shrinkage: float | None = None
    shrinkage_decay: float | None = None
    similar_strength: float | None = None
    similar_sharpness: float | None = None
    prior_strength: float | None = None
    prior_decay: float | None = None
    cold_prior_penalty: float | None = None
    cold_prior_scale: float | None = None
    epochs: int = 3
    patience: int = 2
    validation_users: int = 1500
    objective: str = "auto"
    batch_size: int = 256
    learning_rate: float = 3e-5
    hidden_share: float = 0.5
    train_words: bool = False
    id_dropout: float = 0.0
    mixed_precision: bool = False
    jit_compile: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for name, options in _CHOICES.items():
            if getattr(self, name) not in options:
                raise InputError(
                    f"`{name}` must be one of {', '.join(map(repr, options))}; received {getattr(self, name)!r}"
                )
        least_of = {
            "max_dim": 1, "max_landmarks": 0, "epochs": 0, "patience": 1, "batch_size": 1, "validation_users": 1,
        }  # fmt: skip
        for name, least in least_of.items():
            if getattr(self, name) < least:
                raise InputError(f"`{name}` must be at least {least}; received {getattr(self, name)}")
        if self.dim is not None and self.dim < 1:
            raise InputError(f"`dim` must be at least 1, or None; received {self.dim}")
        if not self.learning_rate > 0:
            raise InputError(f"`learning_rate` must be positive; received {self.learning_rate}")
        if not 0 < self.hidden_share < 1:
            raise InputError(f"`hidden_share` must lie in (0, 1); received {self.hidden_share}")
        for name in ("confidence_spread", "norm_shrinkage", "warm_norm_shrinkage"):
            share = getattr(self, name)
            if share is not None and not 0 <= share <= 1:
                raise InputError(f"`{name}` must lie in [0, 1], or be None; received {share}")
        if not 0 <= self.seed < 2**32:
            raise InputError(f"`seed` must lie in [0, 4294967295]; received {self.seed}")
        if not 0 <= self.id_dropout < 1:
            raise InputError(f"`id_dropout` must lie in [0, 1); received {self.id_dropout}")
        if self.text_halfway is not None and not self.text_halfway >= 0:
            raise InputError(f"`text_halfway` must be at least 0, or None; received {self.text_halfway}")
        for name in ("ials_penalty", "ials_alpha", "exposure", "user_words_penalty"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InputError(f"`{name}` must be positive, or None; received {value}")
        for name in ("user_words_strength", "user_words_decay"):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise InputError(f"`{name}` must be at least 0, or None; received {value}")
        if self.ease_dropout is not None and not 0 <= self.ease_dropout < 1:
            raise InputError(f"`ease_dropout` must lie in [0, 1), or be None; received {self.ease_dropout}")

    @classmethod
    def preset(cls, name: str, **changes: Any) -> Settings:
        """`"fast"` (the default everywhere) or `"best"`, with some fields changed.

        Raises:
            InputError: another name.
        """
        if name not in PRESETS:
            raise InputError(f"`preset` must be one of {', '.join(map(repr, PRESETS))}; received {name!r}")
        return replace(PRESETS[name], **changes)

    def with_(self, **changes: Any) -> Settings:
        """The same with some fields changed."""
        return replace(self, **changes)

    @property
    def profile_columns(self) -> int:
        """Columns of the content profile, none where its weight is not chosen or 0."""
        return (self.profile_dim or 0) if self.profile_weight else 0

    @property
    def prior_curve(self) -> tuple[float, float]:
        """Strength and decay of `PopularityPrior`: 0 and 1 where they are not chosen."""
        return self.prior_strength or 0.0, 1.0 if self.prior_decay is None else self.prior_decay

    @property
    def width(self) -> int:
        """Width of the shared space: the teacher's columns and those of the content profile."""
        return (self.dim or self.max_dim) + self.profile_columns

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


PRESETS: Final = {
    "fast": Settings(),
    "best": Settings(max_dim=1024, epochs=10, patience=3),
}
