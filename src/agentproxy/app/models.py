"""Chooses and opens the models of an order."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from agentproxy.app.choosing import chosen_worker
from agentproxy.app.claude_worker import NAME as CLAUDE
from agentproxy.app.claude_worker import claude_thinks
from agentproxy.app.context import Project
from agentproxy.app.script_files import read_script_file
from agentproxy.config.llm import ModelSettings
from agentproxy.events.run import Order
from agentproxy.models.budget import Budget
from agentproxy.models.deferred import DeferredModel, SharedLines
from agentproxy.models.metered import Meter, RecordCost, Retry
from agentproxy.models.names import ModelAddress, default_model, find_model
from agentproxy.models.port import Model, ModelRefused
from agentproxy.models.prices import Prices
from agentproxy.models.scripted import ScriptedModel, parse_model_script
from agentproxy.workers.port import WorkerError

NONE = "none"


def with_choices(order: Order, judge: str, *, project: Project) -> Order:
    """Fills in the documented models of the first vendor that has a key."""
    default = default_model(variables(project)) if has_libraries() else ""
    model = order.model or default
    worker = order.worker or chosen_worker(order, project) or _usual_worker(model, project)
    # A program uses a model only if somebody named one; the default is for our own agent.
    if worker != "builtin":
        model = order.model
    judge = judge or project.settings.judge or default
    judge = "" if judge == NONE else judge
    return order.model_copy(update={"worker": worker, "model": model, "judge": judge})


def _usual_worker(model: str, project: Project) -> str:
    if claude_thinks(model, project.app.environ, variables(project)):
        return CLAUDE
    return "builtin" if model else ""


def has_libraries() -> bool:
    # An import would take more than a second (decision 7).
    return find_spec("pydantic_ai") is not None


def open_models(
    name: str, *, project: Project, started_in: Path, shared: SharedLines | None = None
) -> list[Model]:
    """Returns the model and then its configured fallback. Raises WorkerError."""
    fallback = project.settings.models.model_fallback
    names = [name, *([fallback] if fallback and fallback != name else [])]
    return [_open(each, project=project, started_in=started_in, shared=shared) for each in names]


def require_model(name: str, *, project: Project, started_in: Path) -> None:
    """Asks nobody. Raises UnknownModel, ModelRefused, or WorkerError for an unusable script."""
    kind, _, rest = name.partition(":")
    if kind == "scripted" and rest.strip():
        _open(name, project=project, started_in=started_in, shared=None)
    else:
        address_of(name, project)


def open_judges(order: Order, *, project: Project) -> list[Model]:
    """Returns the supervisor's models, or nothing when it uses none. Raises WorkerError."""
    if not order.judge:
        return []
    started_in = Path(order.repository) / order.directory
    return open_models(order.judge, project=project, started_in=started_in)


def meter_of(project: Project) -> Callable[[RecordCost, Budget], Meter]:
    """Returns how this user's models are priced, retried and redacted."""
    settings = project.settings.models
    return lambda record, budget: Meter(
        record=record,
        budget=budget,
        prices=Prices(settings.model_pricing),
        retry=_retry(settings),
        of_models=settings.model_llm_params,
        of_agents=settings.agent_llm_params,
        redact=project.app.redact,
    )


def _open(name: str, *, project: Project, started_in: Path, shared: SharedLines | None) -> Model:
    kind, _, rest = name.partition(":")
    try:
        if kind == "scripted" and rest.strip():
            data, source = read_script_file(rest, started_in=started_in)
            return ScriptedModel(name, parse_model_script(data, source=source))
        return DeferredModel(name, address_of(name, project), shared=shared)
    except ModelRefused as error:
        raise WorkerError(str(error), cure=error.cure) from error


def address_of(name: str, project: Project) -> ModelAddress:
    """Returns the model that a name means to this user. Raises as `find_model` does."""
    provider = project.app.settings.chat.llm_provider or ""
    return find_model(name, variables(project), provider=provider)


def variables(project: Project) -> dict[str, str]:
    """The keys and addresses of models, by name."""
    return {**project.settings.addresses, **project.settings.keys}


def _retry(settings: ModelSettings) -> Retry:
    usual = Retry()  # a setting of 0 is a value, so `or` would not do below
    tries, base = settings.llm_max_retries, settings.llm_retry_base_delay
    maximum = settings.llm_retry_max_delay
    return Retry(
        tries=usual.tries if tries is None else tries,
        base=usual.base if base is None else base,
        maximum=usual.maximum if maximum is None else maximum,
    )
