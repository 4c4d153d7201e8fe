"""Models named at the Hugging Face hub, `hf://OWNER/NAME[@REVISION]`: fetched once, kept in huggingface_hub's cache.

Fetched are the configuration, the tokenizer's files and one form of the weights: safetensors, or where there are none
and the caller reads them, PyTorch's. The weights come last, so that a copy that has them is complete. A branch or tag
is resolved to a commit, and the name with that commit is what a result should be recorded under.
"""

import contextlib
import errno
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from keras_model.checkpoints.containers.sharded import shard_paths
from keras_model.checkpoints.formats.huggingface import WEIGHTS_FILES
from keras_model.checkpoints.tensors import first_line
from keras_model.files.model_folder import CONFIG_FILE, CheckpointError, read_config
from keras_model.tokenizers.fast_tokenizer import FILES as TOKENIZER_FILES
from keras_model.tokenizers.loading import SENTENCEPIECE_FILES

PREFIX = "hf://"
TIMEOUT_S = 10
"""How long the hub may be silent."""

HUB_NAME = re.compile(r"([\w-][\w.-]*)/[\w.-]+(?:@\S+)?", re.ASCII)
"""`OWNER/NAME[@REVISION]`, which is at the hub if there is no such path here."""
_NAME = re.compile(r"hf://([\w.-]+/[\w.-]+)(?:@([\w.+-]+(?:/[\w.+-]+)*))?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")
SAFETENSORS = tuple(name for name in WEIGHTS_FILES if "safetensors" in name)
"""The files of weights that hold nothing but numbers."""
_SMALL_FILES = (
    CONFIG_FILE, "preprocessor.json", "generation_config.json", "chat_template.jinja", *TOKENIZER_FILES,
    *SENTENCEPIECE_FILES, "vocab.txt", "sentencepiece.bpe.model", "source.spm", "target.spm",
)  # fmt: skip
_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}


def find(name: str, weights: Sequence[str] = WEIGHTS_FILES) -> tuple[Path, str]:
    """The checkpoint that a name means; one at the hub is fetched unless it is in the cache.

    Args:
        name: the path of a checkpoint of any format, `OWNER/NAME[@REVISION]` or `hf://OWNER/NAME[@REVISION]`.
        weights: see `resolve`.

    Returns:
        Its path, and the name that finds the same one again: of one at the hub with its commit.

    Raises:
        CheckpointError: there is no such checkpoint, or it cannot be fetched; see `resolve`.
    """
    if name.startswith(PREFIX):
        return resolve(name, weights)
    if is_path(name):
        return Path(name), name
    if not is_hub_name(name):
        raise CheckpointError(
            f"{name}: no such file or folder; a model at the hub is OWNER/NAME, such as google-t5/t5-small."
        )
    try:
        return resolve(PREFIX + name, weights)
    except CheckpointError as error:
        raise CheckpointError(f"{name}: no such folder, and at the hub: {error}") from None


def is_path(name: str) -> bool:
    """Whether a name is a path here; of Mesh TensorFlow's files, it is the beginning of theirs."""
    return Path(name).exists() or Path(f"{name}.index").exists()


def is_hub_name(name: str) -> bool:
    """Whether a name that is no path here is one at the hub: its owner is no folder here either."""
    match = HUB_NAME.fullmatch(name)
    return bool(match) and not Path(name).exists() and not Path(match[1]).exists()  # type: ignore[index]


def resolve(name: str, weights: Sequence[str] = WEIGHTS_FILES, of_t5: bool = True) -> tuple[Path, str]:
    """Fetches a model, unless it is in the cache.

    A name with a commit is taken from the cache without asking the hub. Any other is looked up there; if the hub cannot
    be reached, the cache has the commit that was fetched last.

    Args:
        name: `hf://OWNER/NAME`, or `hf://OWNER/NAME@REVISION` with a branch, a tag or a commit.
        weights: the files of weights that will do, in the order of preference; empty for the tokenizer alone.
        of_t5: whether a model that is no T5 is refused.

    Returns:
        The folder in the cache, in Hugging Face's layout, and the pinned name, `hf://OWNER/NAME@COMMIT`.

    Raises:
        CheckpointError: the name is malformed or unknown, the model is no T5, the hub or its cache cannot be used, or
            the package huggingface_hub is not installed.
    """
    match = _NAME.fullmatch(name)
    if not match or ".." in name:
        raise CheckpointError(
            f"{name}: a model at the hub is named {PREFIX}OWNER/NAME or {PREFIX}OWNER/NAME@REVISION, such as "
            f"{PREFIX}google-t5/t5-small."
        )
    repository, revision = match[1], match[2] or "main"
    try:
        import huggingface_hub  # noqa: F401
    except ModuleNotFoundError as error:
        raise CheckpointError(f"{name}: {error.name} is not installed: pip install huggingface_hub") from error
    with _explained(name, repository, revision):
        folder = _cached(repository, revision, weights) if _COMMIT.fullmatch(revision) else None
        if folder is None or not _has_tokenizer(folder):
            folder = _fetched(name, repository, revision, weights, of_t5)
    return folder, f"{PREFIX}{repository}@{folder.name}"


def _fetched(name: str, repository: str, revision: str, weights: Sequence[str], of_t5: bool) -> Path:
    from huggingface_hub import HfApi
    from huggingface_hub.utils import HFValidationError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        # The one request that is not repeated: that there is no connection shows within seconds.
        files = HfApi().model_info(repository, revision=revision, timeout=TIMEOUT_S).siblings or []
    except (HFValidationError, RepositoryNotFoundError, RevisionNotFoundError):
        raise
    except Exception as error:  # of requests or httpx, as huggingface_hub's version has it
        if folder := _cached(repository, revision, weights):
            return folder
        raise CheckpointError(
            f"{name}: the hub cannot be reached ({_line(error)}), and there is no complete copy in {_cache()}. Use the "
            "name once with a connection, or name the folder of a copy made elsewhere."
        ) from error
    if not weights:
        return _download(repository, revision, _SMALL_FILES)
    chosen = _weights_file(name, {file.rfilename for file in files}, weights)
    in_shards = chosen.endswith(".json")
    folder = _download(repository, revision, [*_SMALL_FILES, chosen] if in_shards else _SMALL_FILES)
    if of_t5:
        read_config(folder / CONFIG_FILE)  # before much is fetched of what is no T5
    shards = {path.name for path in shard_paths(folder / chosen).values()} if in_shards else {chosen}
    _download(repository, folder.name, sorted(shards))
    if not _is_complete(folder, weights):
        raise CheckpointError(f"{name}: {chosen} names files that are not in the repository.")
    return folder


def _weights_file(name: str, names: Collection[str], weights: Sequence[str]) -> str:
    """The file of the weights, or the index of their shards."""
    if found := [file for file in weights if file in names]:
        return found[0]
    listed = ", ".join(sorted(names)[:10]) or "nothing"
    raise CheckpointError(f"{name}: expected weights in one of {', '.join(weights)}; the repository holds {listed}.")


def _download(repository: str, revision: str, names: Sequence[str]) -> Path:
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(repository, revision=revision, allow_patterns=list(names), etag_timeout=TIMEOUT_S))


def _cached(repository: str, revision: str, weights: Sequence[str]) -> Path | None:
    """The folder of a complete copy in the cache."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils import LocalEntryNotFoundError

    try:
        folder = snapshot_download(repository, revision=revision, local_files_only=True, allow_patterns=[CONFIG_FILE])
    except LocalEntryNotFoundError:
        return None
    return Path(folder) if _is_complete(Path(folder), weights) else None


def _is_complete(folder: Path, weights: Sequence[str]) -> bool:
    if not weights:
        return _has_tokenizer(folder)
    found = next((folder / name for name in weights if (folder / name).is_file()), None)
    files = {} if found is None else shard_paths(found) if found.suffix == ".json" else {"": found}
    return (folder / CONFIG_FILE).is_file() and bool(files) and all(file.is_file() for file in files.values())


def _has_tokenizer(folder: Path) -> bool:
    """False of what another program fetched for the model alone."""
    return any((folder / name).is_file() for name in _SMALL_FILES if name != CONFIG_FILE)


@contextlib.contextmanager
def _explained(name: str, repository: str, revision: str) -> Iterator[None]:
    """Turns what huggingface_hub raises into errors of one line that say what to do."""
    try:
        yield
    except CheckpointError:
        raise
    except Exception as error:  # of huggingface_hub, requests, httpx or the disk
        raise CheckpointError(f"{name}: {_explanation(error, repository, revision)}") from error


def _explanation(error: Exception, repository: str, revision: str) -> str:
    from huggingface_hub import constants, utils

    match error:
        case utils.GatedRepoError():
            return (
                f"access is restricted: accept the model's terms at {constants.ENDPOINT}/{repository}, and log in with "
                "`hf auth login`."
            )
        case utils.RepositoryNotFoundError():
            return (
                f"{constants.ENDPOINT} has no model {repository}, or it is a private one: check the name, or log in "
                "with `hf auth login`."
            )
        case utils.RevisionNotFoundError():
            return (
                f"{repository} has no revision {revision}; branches, tags and commits are listed at "
                f"{constants.ENDPOINT}/{repository}/commits/main."
            )
        case utils.HFValidationError():
            return f"no name at the hub ({_line(error)})."
        case OSError(errno=number) if number in _OF_THE_DISK:
            return (
                f"cannot be stored in {_cache()} ({error.strerror}): make room there, or name another folder in "
                "HF_HOME."
            )
    return f"could not be fetched ({_line(error)}). What has arrived is kept: try again."


def _cache() -> str:
    from huggingface_hub import constants

    return str(constants.HF_HUB_CACHE)


def _line(error: Exception) -> str:
    return first_line(error).rstrip(".")
