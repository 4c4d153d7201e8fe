"""Every SuperGLUE row of the real files, formatted as t5 0.9.4 formats it.

The hashes are of t5's own output; `make_t5_hashes.py` made the table from it. T5 repeats a validation query of ReCoRD
for each of its answers; the table has it once.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import task_specs
from t5eval.data import open_split
from tests.t5eval.make_t5_hashes import data_hash, text_hash

# (task, split): rows, SHA-256 of the data that t5 read, SHA-256 of what it made of it
T5: dict[tuple[str, str], tuple[int, str, str]] = {
    ("super_glue/boolq", "train"): (
        32,
        "317245ba0842129234a368274701dfc196139aa627eff44aefc827c6888935e1",
        "0e0e38d31f39c9226345856d5bad8cc5b69d658aae86507d1d7f78e70ca6c191",
    ),
    ("super_glue/boolq", "validation"): (
        3270,
        "0c86a5045886e5795fe9052003873f7d94b88ed3028a33007c51d99e44fd66d9",
        "5ba4c712b02cd5747d3c7188c436a61b1074328437477d9270c5221f12a10e50",
    ),
    ("super_glue/boolq", "test"): (
        3245,
        "7e898b2585500df403d3551542b26134d71a1630944d97660fa7ca872527dcfe",
        "c16ea056156a1e45108c507427ef12aef32e0d96085ae97b309007d29a07adff",
    ),
    ("super_glue/cb", "train"): (
        250,
        "32017480d3a10508646e3efd64502c639f13d4d15077f278d2fd0992c33a3126",
        "1c82f1333e1888e90ce6e4a0ab0b18448abd52e6742c120e706fa335ac4e2ad7",
    ),
    ("super_glue/cb", "validation"): (
        56,
        "c6125587e9601560cb16ea223c33964c5a915568d2af68a81f651b6ef25395ec",
        "9da79402af5f6353c4c0423b7f9ecbc31c5dde10ed309796f937116e3805db68",
    ),
    ("super_glue/cb", "test"): (
        250,
        "860679c4ef6f56758f5530bfbcbf2fd7905667184144f3594ace9bb4c435618d",
        "2a19f7fef51ae49bec79e4609e588875f139a2b06cbcf39241c13929037cc4f7",
    ),
    ("super_glue/copa", "train"): (
        400,
        "e74ed25f36119fff954d90900ebbaae277e2cc4864be4b961e7a46c8f67d11a9",
        "efa8c803118fdcfecaf7ea28cc3f8ccf5f6496ddf9efd6bf45814f124ce7857f",
    ),
    ("super_glue/copa", "validation"): (
        100,
        "fa61467cc251010178ed72f8ca82a0fceefc4ca9a85f87ec3b6102955e1a1f1a",
        "8ba4d8607d15b2c9e7d531cc865aa8526271350f45254d731479bb1bb99ae4cc",
    ),
    ("super_glue/copa", "test"): (
        500,
        "7c7cd9fb3aa90bb56e0c683b6e556f6640d75388159fd6b551aa87e8a04c667e",
        "ddc3752583239a276957133b5e824f793661d1071acea853bf11d3d28bcc11d0",
    ),
    ("super_glue/multirc", "train"): (
        27243,
        "bb73d0838618f8269190a2533fead3140607558975ea0df6511fa534e8d3535c",
        "136003cfd752559c37084cb26bfb4fe1f6a9867187be01932bfd51489abd668a",
    ),
    ("super_glue/multirc", "validation"): (
        4848,
        "d2b480195b15574ac00d52c4479f630bc161a7ab2de77e970fd00652846953ee",
        "747efbd8c961312e1c51d12d6247a6bb9f05825b2c77a0d569f8f8923ea817aa",
    ),
    ("super_glue/multirc", "test"): (
        9693,
        "1dc6da4f23250d50f600379aaa59618039ad09faba3566af6d17d85e4e68ecfa",
        "4847197a85aca1933545ba6db2f868fd73c41af471b4c3615b8927dd5e56583f",
    ),
    ("super_glue/record", "train"): (
        44,
        "22bbee303ffd8e2c29f36d253c14a1c3d072ceab18c31481cea8ba3ea28d89ca",
        "39f2e74402089a9005d017fb70b08a1f9180968b956fe4c7070da7cf175ae1c7",
    ),
    ("super_glue/record", "validation"): (
        32,
        "c420c9c49ee310d8648e64893c72b8f69b94085d3207c303787c24409c438663",
        "7b7df3f9679f5e4c2b63c96f53f57fdf671b65ea1ad747227588dd1ee92a04e2",
    ),
    ("super_glue/rte", "train"): (
        2490,
        "fdfb03443abe3ec0424b7fc5d1a8863361719bc061338b7a63e56b94d615f201",
        "fda27037571d567895460474d227fba3ec78a2b08fde987fd33023eacb2dbdef",
    ),
    ("super_glue/rte", "validation"): (
        277,
        "ab990507bf5f35dc176cba7770a72bfa2c50a88ed72b8cc95cfbf9db95ab1af1",
        "96b8ee4ca17da6e29b92a6f826390e5fe276ada6bcb4333f9008233c61b4e718",
    ),
    ("super_glue/rte", "test"): (
        3000,
        "fb4025a8b072862f0323423dff1de8980a024bfb8775e09c80ff3cf1c77677b1",
        "a2f6281342eee8bd87cf967096df529e3f7a2999725c0ac0a6d80444fbbea9a3",
    ),
    ("super_glue/wic", "train"): (
        5428,
        "ce301970aaf361ade6c1d218fe15c50b185b14a4bcb618c5785a8484a46f9943",
        "faf87eaa7be25b4d36e2db2878dfe54239bb8eb0279f54f04727f54f008b3edb",
    ),
    ("super_glue/wic", "validation"): (
        638,
        "9f7207c88beba42cbc139de4c62ce05b23bffc189b3d561594b160e0c3920c0b",
        "18eb8e2093076b42f07bdafb2fc2e83d89c1c00f5a7bc9506f277fd5a8d64345",
    ),
    ("super_glue/wic", "test"): (
        1400,
        "fe8fc664243b942d2bc025993ff16ef9c94611c5235bc50d6ed16ff645cc2703",
        "631f4f32dc401b4a2c84ae2b770cffbd817371dee856d7d84f71f81cea52cfae",
    ),
    ("super_glue/wsc", "train"): (
        259,
        "0ffaa3fd8d21e58a0805962565d1619aa4819bc3d034255777f606f801ae5a42",
        "6f4edc4f6d80b581a203d2eeeb46b2a3f7ff60af40cc230887309d00eb5c985d",
    ),
    ("super_glue/wsc", "validation"): (
        104,
        "e5c685ea4bdc347354036a28176459f6feeb0b6870375ecfb3d6ddb1f0e28bef",
        "1013dd8b42d4280ba90292af9c809ab2fc23245c9c86c98ea7b52bf2c6ac000e",
    ),
    ("super_glue/wsc", "test"): (
        146,
        "e278b00238f9f01764f39a934a6515379016c908b2191ff9174bd74296f28310",
        "10dea7eb402dcdf79e6f53baff7d98b89daad930d31b7e50d5c4d4ff4b4fdfa2",
    ),
    ("super_glue/axb", "test"): (
        1104,
        "c5fe470f2b1317886b5af5cd1e29ebf66ebc5dff3c76159e17c42dd1a5d93397",
        "8782e4a9b1d4850412afa48de871ab1343da726fb7215152a8225c9dfdd7a238",
    ),
    ("super_glue/axg", "test"): (
        356,
        "39c7ed0b064327c1143c195145befdd748fda674162304ab3f5dd92d3b87368d",
        "467db85fe6d12d9c0de999f5b72b7ec1f68e65c605d7a05ebac8e99bc24b7da0",
    ),
}


@pytest.mark.parametrize(("task", "split"), T5)
def test_every_row_is_formatted_as_t5_formats_it(task: str, split: str, shared_data: Path) -> None:
    spec = task_specs.get(task)
    rows, data, expected = T5[task, split]
    here = data_hash(spec, split, shared_data)
    if here != data:
        pytest.skip(f"{task} {split}: {'no files' if here is None else 'other files'} in {shared_data}")
    pairs = (p for e in open_split(spec, split, shared_data) for p in spec.pairs(e, training=split == "train"))
    assert text_hash((p.id, p.inputs, p.targets) for p in pairs) == (rows, expected)


def test_the_table_holds_every_task() -> None:
    assert {task for task, _ in T5} == {s.name for s in task_specs.all_tasks() if s.benchmark == "super_glue"}
