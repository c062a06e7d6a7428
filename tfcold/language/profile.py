"""What a user cares for, in words made from the titles of what they did."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from tfcold.columns import ITEM_ID, MADE_AT, MADE_BY, MADE_WITH, TITLE_COLUMNS, USER_ID
from tfcold.data import Items
from tfcold.language.asking import Estimate, Told, ask, estimate
from tfcold.language.histories import Histories, revealed_histories
from tfcold.language.model import LanguageModel
from tfcold.language.provenance import Outcome
from tfcold.language.rows import chosen_columns, masked
from tfcold.language.templates import PromptTemplate, prompt_template
from tfcold.language.typical import TITLES, Typical
from tfcold.remote import MASKED_KINDS, Mask, Masker
from tfcold.splits import Split
from tfcold.text import TextTemplate

PROFILE: Final = "profile"
PROFILE_PROMPT: Final = "profile.v1"
COUNTED: Final = "counted.v1"  # how a profile without a model is made
THINGS: Final = 20  # of a history, that a model is shown
_MASKED: Final = re.compile(rf"\[(?:{'|'.join(MASKED_KINDS)})\]")


@dataclass(frozen=True)
class Profiles:
    """Users in words.

    Args:
        frame: `user_id`, `profile`, and where each comes from: `profile_made_by` (the model; `tfcold` where it is
            counted), `profile_made_with` (prompt version; `counted.v1`), `profile_made_at` (UTC; empty where it is
            counted). A user of whom nothing is known has no row.
        outcome: what was done, in numbers.
    """

    frame: pd.DataFrame
    outcome: Outcome


@dataclass(frozen=True)
class ProfilePlan:
    """What would be sent about users; made by `plan_profiles`.

    Args:
        users: ids of users of whom something is known.
        counted: their profiles without a model.
        data: what would be sent of each.
        template: the question.
        masks: id of a user, column and mask.
        num_users: int. Users asked for, those of whom nothing is known too.
    """

    users: list[str]
    counted: list[str]
    data: list[dict[str, Any]]
    template: PromptTemplate
    masks: tuple[tuple[str, str, Mask], ...]
    num_users: int

    def estimate(self, model: LanguageModel) -> Estimate:
        """What it would cost; asks nobody."""
        return estimate(model, self.template, self.data)

    def run(self, model: LanguageModel | None = None) -> Profiles:
        """The profiles; without a model, and where its answer cannot be used, the counted ones.

        Raises:
            BudgetError, ModelError: see `tfcold.language.ask`.
        """
        told = [None] * len(self.users) if model is None else ask(model, self.template, self.data, title="profiles")
        rows = [
            self._row(user, counted, one, model)
            for user, counted, one in zip(self.users, self.counted, told, strict=True)
        ]
        names = [USER_ID, PROFILE, *(PROFILE + ending for ending in (MADE_BY, MADE_WITH, MADE_AT))]
        silent: list[Told | None] = [None] * (self.num_users - len(self.users))
        return Profiles(pd.DataFrame(rows, columns=names, dtype=object), Outcome.of([*told, *silent], self.masks))

    def _row(self, user: str, counted: str, told: Told | None, model: LanguageModel | None) -> tuple[str | None, ...]:
        if told is None or told.fields is None or model is None:
            return user, counted, "tfcold", COUNTED, None
        return user, told.fields[PROFILE], model.name, self.template.version, told.at


def plan_profiles(
    histories: Histories,
    items: Items | pd.DataFrame,
    *,
    is_remote: bool = False,
    columns: Sequence[str] | None = None,
    users: Sequence[str] | None = None,
    prompt: str | PromptTemplate = PROFILE_PROMPT,
    masker: Masker | None = None,
) -> ProfilePlan:
    """What would be sent, and the profiles that need no model; see `profile_users` for arguments and errors."""
    frame = (items if isinstance(items, Items) else Items.from_frame(items)).frame
    template = prompt_template(prompt) if isinstance(prompt, str) else prompt
    template.require(PROFILE)
    if columns is None and not is_remote:
        columns = [name for name in frame.columns if name.lower() in TITLE_COLUMNS] or None
    names = chosen_columns(frame, ITEM_ID, columns, is_remote=is_remote)
    masker = masker or Masker(histories)
    touched = {item for items in histories.values() for item in items}
    frame = frame[frame[ITEM_ID].isin(touched)]
    sentences = TextTemplate(names).render(frame)
    safe = {item: masked(text, masker) for item, text in zip(frame[ITEM_ID], sentences, strict=True)}
    titles = {item: " ".join(_MASKED.sub(" ", text).split()) for item, (text, _) in safe.items()}
    typical = Typical(histories, titles)
    asked = list(histories if users is None else dict.fromkeys(map(str, users)))
    known, counted, data, masks = [], [], [], []
    for user in asked:
        nearest = typical.ordered(histories.get(user, ()))
        if not nearest:
            continue
        for item in nearest[:THINGS]:
            masks += [(user, ITEM_ID, mask) for mask in safe[item][1]]
        known.append(user)
        different = list(dict.fromkeys(titles[item] for item in nearest))  # a catalogue may hold a title twice
        counted.append(_counted(typical.terms(nearest), different[:TITLES]))
        data.append({"things": [safe[item][0] for item in nearest[:THINGS]]})
    return ProfilePlan(known, counted, data, template, tuple(masks), len(asked))


def profile_users(
    histories: Histories,
    items: Items | pd.DataFrame,
    model: LanguageModel | None = None,
    *,
    columns: Sequence[str] | None = None,
    users: Sequence[str] | None = None,
    prompt: str | PromptTemplate = PROFILE_PROMPT,
    masker: Masker | None = None,
) -> Profiles:
    """A short profile of each user from the titles of what they did.

    Without a model it is counted: the words that weigh most in the history, and the titles nearest to its middle, with
    what is masked left out. With one, the model sees up to 20 titles of a history, the most typical ones first, and no
    id; where its answer cannot
    be used, the counted profile stands in, and says so.

    Args:
        histories: item ids by user id, as `histories_of` gives them. Words are weighed within them.
        items: the items table.
        model: whom to ask, or None.
        columns: what of an item is read; None takes `title` and `name` where there are such columns, else all words
            (a model on another machine needs the list).
        users: ids of users to write of; None takes all that have a history.
        prompt: version of the question, path of a file, or a template; its answer has the field `profile`.
        masker: takes e-mail addresses, user ids, ... out of what is sent; default: one that knows the ids in
            `histories`.

    Raises:
        InputError: a column or prompt that is not there, or no allow-list for a model on another machine.
        BudgetError, ModelError: see `tfcold.language.ask`.
    """
    is_remote = model is not None and model.is_remote
    plan = plan_profiles(
        histories, items, is_remote=is_remote, columns=columns, users=users, prompt=prompt, masker=masker
    )
    return plan.run(model)


def profile_split(split: Split, model: LanguageModel | None = None, **options: Any) -> Profiles:
    """Profiles of a split's users from training and revealed rows alone, fit to be their words in `split`.

    Args:
        split: says what may be seen.
        model: whom to ask, or None.
        options: of `profile_users`.
    """
    return profile_users(revealed_histories(split), split.dataset.items, model, **options)


def _counted(terms: Sequence[str], titles: Sequence[str]) -> str:
    likes = f"Likes {', '.join(terms)}. " if terms else ""
    return f"{likes}Typical: {'; '.join(title.removesuffix('.') for title in titles)}."


def with_profiles(users: pd.DataFrame, profiles: Mapping[str, Any] | pd.DataFrame) -> pd.DataFrame:
    """A users table with the profiles beside its own columns; users without one keep empty cells."""
    return users.merge(pd.DataFrame(profiles), on=USER_ID, how="left")
