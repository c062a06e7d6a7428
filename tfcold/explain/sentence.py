"""A sentence from evidence alone: by template, or by a language model whose sentence is checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tfcold.errors import BudgetError, InputError, ModelError
from tfcold.explain.checking import check_sentence, first_sentence
from tfcold.explain.evidence import Evidence
from tfcold.language.asking import Estimate, Told, ask, estimate
from tfcold.language.model import LanguageModel
from tfcold.language.rows import masked
from tfcold.language.templates import PromptTemplate, prompt_template
from tfcold.progress import logger
from tfcold.remote import Mask, Masker
from tfcold.text.kinds import cell_text

EXPLAIN_PROMPT: Final = "explain.v1"
FIELD: Final = "sentence"
TFCOLD: Final = "tfcold"
TEMPLATE: Final = "template.v1"  # how a sentence without a model is made


@dataclass(frozen=True)
class Sentence:
    """A sentence, and where it comes from.

    Args:
        text: str.
        made_by: str. Name of the model, or `"tfcold"` where it is the template's.
        made_with: str. Version of the prompt, or `"template.v1"`.
        made_at: str. UTC; `""` where it is the template's.
        refused: why the model's sentence was not taken; empty where it was, or nobody was asked.
        said: str. The sentence that was refused, for whoever wants to see it.
    """

    text: str
    made_by: str = TFCOLD
    made_with: str = TEMPLATE
    made_at: str = ""
    refused: tuple[str, ...] = ()
    said: str = ""


@dataclass(frozen=True)
class SentencePlan:
    """What would be sent about some explanations; made by `plan_sentences`.

    Args:
        evidence: all that is known, of each.
        sent: the part of it that may be sent, masked; None where there is no title to speak of.
        template: the question.
        masks: title or id of an item, what was masked in, and the mask.
        columns: what is read.
    """

    evidence: tuple[Evidence, ...]
    sent: tuple[Evidence | None, ...]
    template: PromptTemplate
    masks: tuple[tuple[str, str, Mask], ...]
    columns: tuple[str, ...]

    @property
    def data(self) -> list[dict[str, Any]]:
        """What is sent of each."""
        return [_data(one) for one in self.sent if one is not None]

    def estimate(self, model: LanguageModel) -> Estimate:
        """What it would cost; asks nobody."""
        return estimate(model, self.template, self.data)

    def run(self, model: LanguageModel) -> list[Sentence]:
        """A sentence for each: the model's where `check_sentence` finds nothing wrong, else the template's.

        The template also stands in, and `refused` says so, where the model cannot be reached or the budget is used up.
        """
        try:
            told: Sequence[Told] = ask(model, self.template, self.data, title="sentences")
        except (ModelError, BudgetError) as error:
            told = [Told(None, error=str(error), is_failed=True)] * len(self.data)
        answers = iter(told)
        return [
            Sentence(sentence_of(whole), refused=("the bundle keeps no title of it",))
            if part is None
            else _checked(whole, part, next(answers), model.name, self.template.version)
            for whole, part in zip(self.evidence, self.sent, strict=True)
        ]


def plan_sentences(
    evidence: Sequence[Evidence],
    *,
    is_remote: bool,
    columns: Sequence[str] | None = None,
    prompt: str | PromptTemplate = EXPLAIN_PROMPT,
    masker: Masker | None = None,
) -> SentencePlan:
    """What would be sent; see `sentence_for`.

    Args:
        evidence: of `evidence_for`, of one bundle.
        is_remote: bool. Whether text would leave this machine: then `columns` must be given.
    """
    template = prompt_template(prompt) if isinstance(prompt, str) else prompt
    template.require(FIELD)
    title = next((one.title for one in evidence if one.title), None)
    there = list(dict.fromkeys([*([title] if title else []), *(name for one in evidence for name in one.attributes)]))
    names = _chosen(columns, title, there, is_remote=is_remote)
    masker = masker or Masker()
    sent, masks = [], []
    for one in evidence:
        part, found = _sendable(one, names, masker)
        sent.append(part)
        masks += found
    return SentencePlan(tuple(evidence), tuple(sent), template, tuple(masks), names)


def sentence_for(
    evidence: Evidence,
    model: LanguageModel | None = None,
    *,
    columns: Sequence[str] | None = None,
    prompt: str | PromptTemplate = EXPLAIN_PROMPT,
    masker: Masker | None = None,
) -> str:
    """One sentence. A model's (the first, where it says several) is taken where `check_sentence` finds nothing wrong.

    Else the template speaks.

    Args:
        evidence: of `evidence_for`.
        model: a language model, or None for the template.
        columns: what of the bundle's columns may be sent, the titles' among them; None takes all, for a model on this
            machine only. Ids are never sent: where the bundle keeps no title of the item, the template speaks.
        prompt: version of the question, path of a file, or a template; its answer has the field `sentence`.
        masker: takes e-mail addresses, user ids, ... out of what is sent; default `Masker()`.

    Raises:
        InputError: a column or prompt that is not there, or no allow-list for a model on another machine.

    Example:
        >>> from tfcold.explain import Evidence
        >>> sentence_for(Evidence("Alien", False, ("Solaris",), ("space",), {}, "id", 12))
        "Alien goes with Solaris of this user's history (shared words: space); that is 12% of what speaks for it."
    """
    if model is None:
        return sentence_of(evidence)
    plan = plan_sentences([evidence], is_remote=model.is_remote, columns=columns, prompt=prompt, masker=masker)
    made = plan.run(model)[0]
    if made.refused:
        logger.warning("the model's sentence is not taken, the template's stands in: %s", "; ".join(made.refused))
    return made.text


def sentence_of(evidence: Evidence) -> str:
    """The template's sentence: what brings most, in plain words."""
    if evidence.history and evidence.share > 0:
        said = f"{evidence.item} goes with {_listed(evidence.history)} of this user's history"
        if evidence.words:
            said += f" (shared words: {_listed(evidence.words)})"
        said += f"; that is {evidence.share}% of what speaks for it."
    elif evidence.strongest == "prior":
        popular = "reads as popular items do" if evidence.is_cold else "is popular"
        said = f"{evidence.item} {popular}, and nothing else speaks for it as much."
    elif evidence.strongest == "nothing":
        said = f"Nothing that is known of this user speaks for {evidence.item}."
    else:
        said = f"{evidence.item} goes with what is known of this user; no single thing they did stands out."
    return said + (" It is new to the model, which never saw anybody choose it." if evidence.is_cold else "")


def _chosen(
    columns: Sequence[str] | None, title: str | None, there: Sequence[str], *, is_remote: bool
) -> tuple[str, ...]:
    if columns is None:
        if is_remote:
            raise InputError("`columns` must say which columns may leave this machine, as the model is on another one")
        return tuple(there)
    if isinstance(columns, str) or not columns:
        raise InputError(f"`columns` must be a list of at least one name; received {columns!r}")
    if title is not None and title not in columns:
        raise InputError(f"`columns` must have {title!r} in it: a sentence is about a title; received {list(columns)}")
    return tuple(columns)


def _sendable(evidence: Evidence, columns: Sequence[str], masker: Masker) -> tuple[Evidence | None, list[Any]]:
    """The evidence without ids and other columns, masked; and what was masked."""
    if evidence.item in evidence.ids or evidence.title is None:
        return None, []
    masks: list[tuple[str, str, Mask]] = []

    def clean(text: str, where: str) -> str:
        safe, found = masked(text, masker)
        masks.extend((evidence.item, where, mask) for mask in found)
        return safe

    item = clean(evidence.item, evidence.title)
    history = tuple(clean(name, "history") for name in evidence.history if name not in evidence.ids)
    attributes = {name: clean(cell_text(value), name) for name, value in evidence.attributes.items() if name in columns}
    sent = " ".join([item, *attributes.values()]).casefold()
    words = tuple(word for word in evidence.words if word in sent)
    part = replace(evidence, item=item, history=history, attributes=attributes, words=words)
    return part, masks


def _data(evidence: Evidence) -> dict[str, Any]:
    said: dict[str, Any] = {"item": evidence.item}
    if evidence.history:
        said |= {"history": list(evidence.history), "percent": evidence.share}
    if evidence.words:
        said["shared_words"] = list(evidence.words)
    if evidence.is_cold:
        said["is_new"] = "yes"
    return said | dict(evidence.attributes)


def _checked(whole: Evidence, sent: Evidence, told: Told, name: str, version: str) -> Sentence:
    if told.fields is None:
        return Sentence(sentence_of(whole), refused=(told.error or "no answer",))
    said = first_sentence(told.fields[FIELD], sent)
    wrong = check_sentence(said, sent)
    if wrong:
        return Sentence(sentence_of(whole), refused=tuple(wrong), said=said)
    return Sentence(said, name, version, told.at)


def _listed(texts: tuple[str, ...]) -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"
