"""What a language model adds beyond vectors: richer items and readable users.

`open_model` gives one by a short name (an endpoint, or keras-nlp on this machine); anything with `name`, `fingerprint`,
`is_remote`, `answers` and `complete` is a `LanguageModel`. `cached` remembers its answers, `budgeted` stops in time.
`enrich_items` adds facts to items, `profile_users` and `profile_split` sum up users; both need no trust in the words
they read, and mask what points to people (`tfcold.remote.Masker`). `ask` is what they are made of: one checked answer
a row.
"""

from tfcold.language.asking import Estimate, Told, ask, estimate
from tfcold.language.budget import Budget, Prices, budgeted
from tfcold.language.cache import AnswerStore, cached
from tfcold.language.endpoint_model import EndpointModel
from tfcold.language.enrich import Enrichment, EnrichmentPlan, enrich_items, plan_enrichment
from tfcold.language.histories import histories_of, revealed_histories
from tfcold.language.keras_model import KerasModel
from tfcold.language.model import Answer, LanguageModel, Prompt
from tfcold.language.opening import open_model
from tfcold.language.profile import ProfilePlan, Profiles, plan_profiles, profile_split, profile_users
from tfcold.language.provenance import Outcome
from tfcold.language.structured import AnswerError, read_answer
from tfcold.language.templates import PromptTemplate, prompt_template

__all__ = [
    "Answer",
    "AnswerError",
    "AnswerStore",
    "Budget",
    "EndpointModel",
    "Enrichment",
    "EnrichmentPlan",
    "Estimate",
    "KerasModel",
    "LanguageModel",
    "Outcome",
    "Prices",
    "ProfilePlan",
    "Profiles",
    "Prompt",
    "PromptTemplate",
    "Told",
    "ask",
    "budgeted",
    "cached",
    "enrich_items",
    "estimate",
    "histories_of",
    "open_model",
    "plan_enrichment",
    "plan_profiles",
    "profile_split",
    "profile_users",
    "prompt_template",
    "read_answer",
    "revealed_histories",
]
