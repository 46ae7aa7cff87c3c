"""Model deployments of Azure OpenAI: what they can do, and whether they were made by fine-tuning."""

from __future__ import annotations

from auditor.documents.ai_account import ModelDeployment
from auditor.facts import load
from auditor.model import Resource, Unknown
from auditor.workload.parts import Workload

_FINE_TUNED = ".ft-"
"""What Azure puts between the base model and the job in the name of a fine-tuned one."""

_PROVISIONED = "provisioned"
"""What the names of provisioned throughput tiers have in common (`ProvisionedManaged`, `GlobalProvisionedManaged`)."""


def takes_chat(deployment: Resource) -> bool | Unknown:
    """Whether a deployment answers chat completions: by its own word, else by the name of its model."""
    view = ModelDeployment(deployment)
    stated = view.chat.known
    if stated and not isinstance(stated, Unknown):
        return stated == "true"
    name = _model(view)
    facts = load("chat-models")
    known = [(len(start), kind == "chat") for kind in ("chat", "other") for start in facts[kind] if _is(name, start)]
    if known:
        return max(known)[1]
    return Unknown(f"whether the model {name or '(not stated)'} of {deployment.name} takes chat is not known here")


def filtered_sources(deployment: Resource) -> frozenset[str]:
    """To which side of a model content filters apply: `prompt`, `completion`, both or neither.

    Audio models are not filtered at all, and embeddings have no completion (facts/content-filters.json).
    """
    name = _model(ModelDeployment(deployment))
    facts = load("content-filters")["unfiltered_models"]
    if any(_is(name, start) for start in facts["nothing"]):
        return frozenset()
    if any(_is(name, start) for start in facts["prompts_only"]):
        return frozenset({"prompt"})
    return frozenset({"prompt", "completion"})


def fine_tuned(w: Workload) -> tuple[Resource, ...]:
    """The deployments whose model was made by fine-tuning (`gpt-35-turbo-0613.ft-<job>`)."""
    return tuple(d for d in w.model_deployments if _FINE_TUNED in ModelDeployment(d).model.value)


def provisioned(w: Workload) -> tuple[Resource, ...]:
    """The deployments on provisioned throughput."""
    return tuple(d for d in w.model_deployments if _PROVISIONED in ModelDeployment(d).tier.value)


def _model(deployment: ModelDeployment) -> str:
    """The model's name in lower case; empty where the document does not show it."""
    name = deployment.model.known
    return "" if isinstance(name, Unknown) else name


def _is(name: str, start: str) -> bool:
    return name.startswith(start)
