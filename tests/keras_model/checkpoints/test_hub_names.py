"""Names at the hub: what is fetched, what is kept, and the one line that says why it could not be."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from keras_model.checkpoints import CheckpointError, load_model
from keras_model.checkpoints.hub_names import resolve
from tests.forked import Forks
from tests.keras_model.fake_hub import folder_content, running_hub

# huggingface_hub reads its environment when it is imported, hence a process of its own for each look-up; what takes
# long to import stands ready.
READY = ("numpy", "httpx2", "yaml", "tqdm.auto", "fsspec", "packaging.version", "keras_model.checkpoints.hub_names")
LOOK_UP = """
import json, sys
from keras_model.checkpoints import CheckpointError, hub_names
hub_names.TIMEOUT_S = 1
try:
    kinds = {"any": (hub_names.SAFETENSORS, False), "tokenizer": ((),)}
    folder, pinned = hub_names.resolve(sys.argv[1], *kinds.get(sys.argv[2], ()))
except CheckpointError as error:
    print(json.dumps({"error": str(error)}))
else:
    print(json.dumps({"folder": str(folder), "pinned": pinned, "heavy": "tensorflow" in sys.modules}))
"""


@pytest.fixture(scope="module")
def model_files(references, tmp_path_factory):
    """A tiny T5 as it lies in a repository, with what nobody needs."""
    files = folder_content(references.family_folder(tmp_path_factory.mktemp("model") / "model", "v1_0"))
    files["spiece.model"] = b"a vocabulary"
    files["tokenizer_config.json"] = b"{}"
    for name in ("flax_model.msgpack", "tf_model.h5", "pytorch_model.bin", "rust_model.ot", "README.md"):
        files[name] = b"not needed"
    files["onnx/model.safetensors"] = b"not needed"
    return files


@pytest.fixture
def hub():
    with running_hub() as hub:
        yield hub


@pytest.fixture(scope="module")
def ready():
    forks = Forks(READY)
    yield forks
    forks.close()


@pytest.fixture
def look_up(hub, ready, tmp_path):
    """Resolves a name in a process of its own, with a cache of the test's own."""

    def call(name: str, setting: dict[str, str] | None = None, kind: str = "T5", **options) -> dict:
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING"))},
            "HF_ENDPOINT": hub.endpoint,
            "HF_HOME": str(tmp_path / "home"),
            "no_proxy": "127.0.0.1",
            **(setting or {}),
        }
        done = ready.run(["-c", LOOK_UP, name, kind], environment, timeout=100, **options)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return call


@pytest.mark.tensorflow
def test_a_model_is_fetched_once_and_named_by_its_commit(hub, look_up, model_files):
    commit = hub.commit("google-t5/t5-tiny", model_files)
    found = look_up("hf://google-t5/t5-tiny")
    assert found["pinned"] == f"hf://google-t5/t5-tiny@{commit}"
    assert not found["heavy"]
    wanted = ("config.json", "model.safetensors", "spiece.model", "tokenizer_config.json")
    assert folder_content(Path(found["folder"])) == {name: model_files[name] for name in wanted}
    assert hub.fetched() == set(wanted)
    assert load_model(found["folder"]).config.d_model == json.loads(model_files["config.json"])["d_model"]

    hub.requests.clear()
    assert look_up("hf://google-t5/t5-tiny") == found
    assert hub.fetched() == set()
    hub.requests.clear()
    assert look_up(found["pinned"]) == found
    assert hub.requests == []


def test_a_branch_and_a_commit_are_taken_as_asked(hub, look_up, model_files):
    old = hub.commit("owner/model", model_files)
    new = hub.commit("owner/model", {**model_files, "spiece.model": b"another"})
    branch = hub.commit("owner/model", {**model_files, "spiece.model": b"a third"}, ref="refs/pr/1")
    for asked, commit in (("", new), (f"@{old}", old), ("@refs/pr/1", branch)):
        found = look_up(f"hf://owner/model{asked}")
        assert found["pinned"] == f"hf://owner/model@{commit}"
        vocabulary = (Path(found["folder"]) / "spiece.model").read_bytes()
        assert vocabulary == hub.files["owner/model"][commit]["spiece.model"]


def test_pytorchs_file_is_taken_where_there_is_no_other(hub, look_up, model_files):
    files = {name: content for name, content in model_files.items() if name != "model.safetensors"}
    hub.commit("owner/model", files)
    found = look_up("hf://owner/model")
    assert "pytorch_model.bin" in hub.fetched()
    assert not hub.fetched() & {"flax_model.msgpack", "tf_model.h5", "README.md", "model.safetensors"}
    assert (Path(found["folder"]) / "pytorch_model.bin").is_file()


def test_of_any_model_safetensors_alone_are_fetched(hub, look_up, model_files):
    config = {"config.json": b'{"model_type": "llama"}', "generation_config.json": b"{}", "chat_template.jinja": b"x"}
    commit = hub.commit("owner/decoder", {**model_files, **config})
    assert "not built here; hf:FOLDER runs it" in look_up("hf://owner/decoder")["error"]
    found = look_up("hf://owner/decoder", kind="any")
    assert found["pinned"] == f"hf://owner/decoder@{commit}"
    assert {*config, "model.safetensors"} <= folder_content(Path(found["folder"])).keys()
    assert not hub.fetched() & {"pytorch_model.bin", "flax_model.msgpack"}
    hub.commit("owner/old", {name: content for name, content in model_files.items() if name != "model.safetensors"})
    error = look_up("hf://owner/old", kind="any")["error"]
    assert "expected weights in one of model.safetensors, model.safetensors.index.json; the repository" in error


def test_for_a_tokenizer_no_weights_are_fetched(hub, look_up, model_files):
    commit = hub.commit("owner/model", model_files)
    found = look_up("hf://owner/model", kind="tokenizer")
    assert hub.fetched() == {"config.json", "spiece.model", "tokenizer_config.json"}
    hub.broken = 500
    assert look_up(f"hf://owner/model@{commit}", kind="tokenizer") == found
    assert "error" in look_up("hf://owner/model")  # the copy has no weights


def in_shards(files, missing=""):
    """The files of a model with its weights in two shards."""
    from safetensors.numpy import load, save

    tensors = load(files["model.safetensors"])
    names = sorted(tensors)
    shards = {f"model-0000{i + 1}-of-00002.safetensors": names[i::2] for i in range(2)}
    index = {"weight_map": {name: shard for shard, held in shards.items() for name in held}}
    return {
        **{name: content for name, content in files.items() if name != "model.safetensors"},
        "model.safetensors.index.json": json.dumps(index).encode(),
        **{s: save({n: np.copy(tensors[n]) for n in held}) for s, held in shards.items() if s != missing},
    }


@pytest.mark.tensorflow
def test_shards_are_fetched_with_their_index(hub, look_up, model_files):
    hub.commit("owner/model", in_shards(model_files))
    found = look_up("hf://owner/model")
    load_model(found["folder"])
    assert len(list(Path(found["folder"]).glob("*.safetensors"))) == 2


def test_a_cached_model_needs_no_connection(hub, look_up, model_files):
    commit = hub.commit("owner/model", model_files)
    found = look_up("hf://owner/model")
    hub.commit("owner/model", {**model_files, "spiece.model": b"another"})
    nowhere = {"HF_ENDPOINT": "http://127.0.0.1:9"}  # nothing listens there
    for setting in (nowhere, {"HF_HUB_OFFLINE": "1"}):
        for asked in ("", f"@{commit}"):
            assert look_up(f"hf://owner/model{asked}", setting) == found
    hub.broken = 503
    assert look_up("hf://owner/model") == found


def test_a_copy_that_is_not_complete_is_completed(hub, look_up, model_files):
    hub.commit("owner/model", model_files)
    found = look_up("hf://owner/model")
    folder = Path(found["folder"])
    (folder / "model.safetensors").unlink()
    for asked in ("hf://owner/model", found["pinned"]):
        assert "no complete copy in" in look_up(asked, {"HF_HUB_OFFLINE": "1"})["error"]
    assert look_up(found["pinned"]) == found
    assert (folder / "model.safetensors").is_file()

    # As another program leaves it that fetched the model alone.
    for name in ("spiece.model", "tokenizer_config.json"):
        (folder / name).unlink()
    assert look_up(found["pinned"], {"HF_HUB_OFFLINE": "1"}) == found
    assert look_up(found["pinned"]) == found
    assert (folder / "spiece.model").is_file()


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ({"HF_ENDPOINT": "http://127.0.0.1:9"}, "Connection refused"),
        ({"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE"),
        ({"broken": "503"}, "503"),
        ({"broken": "silent"}, "timed out"),
    ],
)
def test_without_a_connection_and_a_copy_the_error_says_so_at_once(setting, reason, hub, look_up, model_files):
    hub.commit("owner/model", model_files)
    broken = setting.get("broken")
    hub.broken = int(broken) if broken and broken.isdigit() else broken
    start = time.monotonic()
    error = look_up("hf://owner/model", {key: value for key, value in setting.items() if key != "broken"})["error"]
    assert time.monotonic() - start < 20
    assert error.startswith("hf://owner/model: the hub cannot be reached (")
    assert reason in error
    assert "no complete copy in" in error
    assert "\n" not in error


def test_what_is_not_at_the_hub_is_said_to_be_missing(hub, look_up, model_files):
    hub.commit("owner/model", model_files)
    error = look_up("hf://owner/other")["error"]
    assert "has no model owner/other, or it is a private one" in error
    assert "\n" not in error
    error = look_up("hf://owner/model@v9")["error"]
    assert "owner/model has no revision v9" in error
    assert "\n" not in error
    assert "has no revision" in look_up(f"hf://owner/model@{'0' * 40}")["error"]


def test_a_gated_model_says_where_to_ask(hub, look_up, model_files):
    hub.commit("owner/model", model_files)
    hub.gated.add("owner/model")
    error = look_up("hf://owner/model")["error"]
    assert f"accept the model's terms at {hub.endpoint}/owner/model" in error
    assert "\n" not in error


def test_what_is_no_t5_is_refused_before_its_weights_are_fetched(hub, look_up, model_files):
    hub.commit("owner/bert", {**model_files, "config.json": b'{"model_type": "bert"}'})
    assert "model_type" in look_up("hf://owner/bert")["error"]
    hub.commit("owner/data", {"README.md": b"", "data.csv": b""})
    assert "the repository holds README.md, data.csv." in look_up("hf://owner/data")["error"]
    assert "model.safetensors" not in hub.fetched()
    hub.commit("owner/shards", in_shards(model_files, missing="model-00002-of-00002.safetensors"))
    assert "names files that are not in the repository" in look_up("hf://owner/shards")["error"]


def test_a_full_disk_is_said_to_be_one(hub, look_up, model_files):
    hub.commit("owner/model", model_files)

    error = look_up("hf://owner/model", largest_file=len(model_files["model.safetensors"]) // 2)["error"]
    assert "cannot be stored in" in error
    assert "(File too large)" in error
    assert "HF_HOME" in error
    assert "pinned" in look_up("hf://owner/model")


@pytest.mark.parametrize(
    "name",
    [
        "hf://t5-small",
        "hf://a/b/c",
        "hf://a/b@",
        "hf://a/..",
        "hf://a/b@../../x",
        "hf:///b",
        "hf://a/b@x y",
        "hf://a/b\n",
    ],
)
def test_a_malformed_name_says_how_one_is_formed(name):
    with pytest.raises(CheckpointError, match="hf://OWNER/NAME@REVISION, such as hf://google-t5/t5-small"):
        resolve(name)


def test_a_name_that_the_hub_would_not_take_is_refused(look_up):
    assert "no name at the hub" in look_up("hf://a/b--c")["error"]


def test_the_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(CheckpointError, match=r"hf://a/b: .*huggingface_hub is not installed: pip install"):
        resolve("hf://a/b")
