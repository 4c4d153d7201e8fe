"""Sending what `hub_card` makes to a model's repository on the Hugging Face hub, as one commit."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from t5eval.reports.escaping import one_line
from t5eval.reports.hub_card import README, HubCard
from t5eval.support.errors import MissingPackage
from task_specs.support.errors import UserError

TIMEOUT_S = 10
"""How long the hub may be silent when it is asked for the first time."""


@contextmanager
def _explained(repository: str) -> Iterator[None]:
    """Turns what huggingface_hub raises into an error of one line."""
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        yield
    except UserError:
        raise
    except Exception as error:  # of huggingface_hub, or of the library that it asks with
        reason = one_line(str(error))[:200] or type(error).__name__
        if not isinstance(error, HfHubHTTPError | HFValidationError):
            reason = f"the hub cannot be reached ({reason})"
        raise UserError(f"--push {repository}: nothing was sent: {reason}") from None


def require_repository(repository: str) -> None:
    """Raises a UserError in one line if a model's repository cannot be asked for: offline, not there, no access."""
    try:
        from huggingface_hub import HfApi, constants
    except ModuleNotFoundError as error:
        raise MissingPackage(f"--push needs {error.name}: pip install 't5eval[hub]'") from None
    if constants.HF_HUB_OFFLINE:
        raise UserError(f"--push {repository}: nothing was sent: HF_HUB_OFFLINE is set; unset it to send")
    with _explained(repository):
        HfApi().model_info(repository, timeout=TIMEOUT_S)


def push(repository: str, card: HubCard) -> str:
    """Sends the card's section, its metadata and the records of scores; what else is in the repository stays.

    Returns:
        The commit's address.

    Raises:
        UserError: the hub refused, or what is there is no card.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    with _explained(repository):
        api = HfApi()
        files = {README: card.readme(repository.rpartition("/")[2], _readme(api, repository)), **card.records}
        adds = [CommitOperationAdd(path_in_repo=name, path_or_fileobj=text.encode()) for name, text in files.items()]
        return str(api.create_commit(repository, adds, commit_message="Evaluation results").commit_url)


def _readme(api: Any, repository: str) -> str:
    """Returns the card as it is now, empty where there is none."""
    from huggingface_hub.errors import EntryNotFoundError

    try:
        with open(api.hf_hub_download(repository, README), encoding="utf-8-sig", newline="") as file:
            return file.read()
    except EntryNotFoundError:
        return ""
