"""What a study is begun with, beside its task, and goes on with unless the user says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.language_models.openai_url import shown_url
from agent.opening import CONTEXT, LOG_VALUES
from agent.talk import LLM, MODEL

if TYPE_CHECKING:
    from agent.setting import Setting
    from agent.store import Store

ACQUISITION = "plaintune:acquisition"
DEVICES = "plaintune:devices"
DIRECTORY = "plaintune:directory"
PORTFOLIO = "plaintune:portfolio"
REPLICATE = "plaintune:replicate"
STRATEGY = "plaintune:strategy"
SURROGATE = "plaintune:surrogate"
TRANSFER = "plaintune:transfer"
WORKERS = "plaintune:workers"


def remember(store: Store, setting: Setting, directory: Path, transfer: Mapping[str, Any]) -> None:
    """Write into a new study what it is begun with."""
    begun = {
        DIRECTORY: str(directory.resolve()),
        STRATEGY: setting.strategy,
        PORTFOLIO: setting.portfolio,
        TRANSFER: transfer,
        SURROGATE: setting.surrogate,
        ACQUISITION: setting.acquisition,
        REPLICATE: setting.replicate,
        CONTEXT: setting.context,
        LOG_VALUES: setting.log_values,
        WORKERS: setting.workers or 1,
        DEVICES: None if setting.devices is None else list(setting.devices),
        # A database is read by others than who knows the password.
        LLM: setting.llm and shown_url(setting.llm),
        MODEL: setting.model,
    }
    for key, value in begun.items():
        store.set_study_attribute(key, value)
