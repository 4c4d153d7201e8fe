"""Every GLUE row of the real files, formatted as t5 0.9.4 formats it.

The hashes are of t5's own output; `make_t5_hashes.py` made the table from it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import task_specs
from t5eval.data import open_split
from tests.t5eval.make_t5_hashes import data_hash, text_hash

# (task, split): rows, SHA-256 of the data that t5 read, SHA-256 of what it made of it
T5: dict[tuple[str, str], tuple[int, str, str]] = {
    ("glue/cola", "train"): (
        8551,
        "cb368ebeb9f27d7ad03720d27ddc95687a311bdb100781a2fe59a5f5b1bc0624",
        "b5b2094142c7f81ad3fc899b1fbb286a4979f03c741ee3e2371edd1dbd6c003b",
    ),
    ("glue/cola", "validation"): (
        1043,
        "fc08f7ca16084543d9222d75eee13f094d738c3a20d874384417f1766197b716",
        "fe7b92a1f536b610281f33b54f569dfba854fa8144247c920b3cb3cb60763cc4",
    ),
    ("glue/cola", "test"): (
        1063,
        "3b4df85f7a9a0633574b38d181e18090ac961a24b18fb6bcd74999ddea8ad0b8",
        "41b8ad36697c42b7a70ea29399ef221ec5acc01999431bda1dfcb332c168533c",
    ),
    ("glue/sst2", "train"): (
        67349,
        "48eac26399f8456935f81dd9e3a745c1430adb6c62e233ccfe22db4a0d15d1d1",
        "97ba02c08d077d9c709924943e2c7e637aa22109f4377124e4d6c1c6990e121d",
    ),
    ("glue/sst2", "validation"): (
        872,
        "54a9c12c77e402fc14d6a66a506f24d999f596b0176eb777c972cccc2f9cc4b0",
        "684d6ab42fdbc4d2d246c09e8e3b1f061aaf510d431ce3514786af9befe892a4",
    ),
    ("glue/sst2", "test"): (
        1821,
        "69a938605609b3e6663b4487918fe1565eb293734e6e520d0366d1d412fd2a13",
        "e726151a2306f57ae74f08b7712d06d28b218c2097c5963f609aba3c5fca4cd2",
    ),
    ("glue/mrpc", "train"): (
        3668,
        "69abcedee3cf738c6ce58d772e43e1b7cdf5b4edee4aceda459c0d9f4e5599f3",
        "43245d93cfbea3aef7e305010a9a8a426d595a576139663f20c01ce46352a9b9",
    ),
    ("glue/mrpc", "validation"): (
        408,
        "9e8f284788040f7c9ecde2e1b3c07237c756f926bd9ef8548ef5d34b56f69f17",
        "362c93f4ecf8e126b84fc0292ca65e8419c690f3c4c6f0bd3a70dba18e8fded7",
    ),
    ("glue/mrpc", "test"): (
        1725,
        "aee460ceda833926b8ab2ad952d399f5cf8bc9335cff19afcac03dc449558622",
        "fdcd93cb1f3e06eb1b1a7e4c34ba5c80e72054c252de60ea4b15219b432292e8",
    ),
    ("glue/stsb", "train"): (
        5749,
        "41c4d978b6162abdcada7e49a982211954cca5459c228db478af333124b257a2",
        "d6021f8cdf73f9d29e34316f5741c0b47023e3cbb5757fa9891e03ffc0242464",
    ),
    ("glue/stsb", "validation"): (
        1500,
        "fe7dc0632a5033562f3cadff991f6e8d9b9b6311861660e78c3c82eb7db67f59",
        "d531eca73a10b7fa6a148af7e5d5dd14cf36b4f018147d2d9cdb2d6923c228e2",
    ),
    ("glue/stsb", "test"): (
        1379,
        "16b4223d7d44a644fbc10f1b449472cfe81e1715fb07cf44023b0aa88ce856eb",
        "c7fb5c5ca8037632b178624918b4d72afcbc1fdd0fe9fff455d29c080935d302",
    ),
    ("glue/qqp", "train"): (
        9,
        "a7d5ed4b52d4e386f8a4b45c012e114c5cb4f26c46dba71fabbeea175c79766a",
        "70ab1b211debf2837180c5795ebde30b9080d45fe3d49bc91151df975f3ea4b2",
    ),
    ("glue/qqp", "validation"): (
        9,
        "f0b9527c7f56b5c53d7a4cbe79890f383567ed2b55b715c37296702427019db1",
        "db9ce1ee1cd978751520e743ae5341f76ae585eb979c4eb0c03fb179cf7c6f55",
    ),
    ("glue/qqp", "test"): (
        9,
        "99c897db48591a10a457ad62ac4db2dbc2d5877ff32057791f818501e3e71f50",
        "54f352a4c78446eba946b6b0dbf434c0d3784be7a39c4734fa5000fdc51988ea",
    ),
    ("glue/mnli", "validation"): (
        19647,
        "e8ca02aa47e7033a17e64ce5e695385a86ef2c39fb643e7427bb6c93c9425aba",
        "f384195253f1743eab8815e62b6108ecce4609d0270c0b935ea5eac8556d69b5",
    ),
    ("glue/mnli_matched", "validation"): (
        9815,
        "5da8e5e040a5e2522ebbdee0f706861b15c5f5d99607f336ddded0518ef43149",
        "7722eceda1e5bf9ef0da2cc7dd97d4e2428ce2eb286eec324ae95f0edf111b7e",
    ),
    ("glue/mnli_mismatched", "validation"): (
        9832,
        "d8a48e4d7cdb64547005d944c6bad6ad55b30e0c52a8170cc78f2a79a424bb6a",
        "d546ed18bd931c249f2c4d3d21b21b07edb4b5e76868b7e207a9d7c0f4eff2b6",
    ),
    ("glue/qnli", "validation"): (
        5463,
        "763e95932dd3578251de71582e06829015f9c3815a518c751dc537219b159de4",
        "0cf3f20a7855f9768a53f0027aa7d99ef578584c00f80257170db675ece45c26",
    ),
    ("glue/qnli", "test"): (
        5463,
        "6d856264e292fa7a7bc7b8e182efa1454ffd9532733c12ad813017dd5b377a5a",
        "02d8cb705efd5113a499afb8eda1629ec4e43c57f7c30685282f0c45416e2a74",
    ),
    ("glue/rte", "train"): (
        2490,
        "41e3a9b063433392343fad9e962cf2f58b681c78d8f71592f4186f0837246c5c",
        "b992526039dd7e2d5e42bcdb2f0405967693cad940185e3f56d00ed05909ebf6",
    ),
    ("glue/rte", "validation"): (
        277,
        "80230dfa1347282e7b532b06a1004a76a710087541189bf874223ddf0e3819fb",
        "ae3b1f650e21614b834eaf2914f066dfeb7115230f3556eacaa23c604d86982d",
    ),
    ("glue/rte", "test"): (
        3000,
        "6e33f09b5c2bfd5fd5fde217070f3dd49e484e33b9752b5864cf36fc421a213f",
        "1d332ad6cf59605f208632c4257ade32175f6a6c787d5dcbbe8f7093dbd1496a",
    ),
    ("glue/wnli", "train"): (
        635,
        "9a88e9d54b6861cc796a088e9acf4f5f65064a9ef65ae6fa7a688b28391e5c9a",
        "6f8dc18a30510d66be71da1443217b8da304a24b70777f408c5630b2c3c8a24e",
    ),
    ("glue/wnli", "validation"): (
        71,
        "cba00490596dd14be8cf53b4f53bb744abe3a7b89f81ab210528d80225338ed5",
        "42b97a25797d64e0992f45065e42c8226b6d73e820202dc351c218ae0764b40f",
    ),
    ("glue/wnli", "test"): (
        146,
        "ff0296817e235bf6f7a230c5f6781bd6ee228a45445f6510831fdef6f2a04766",
        "dbf71d85294cdae1a22132350fa0e4d6401b11d39a5bd6391da1cb9c827aa686",
    ),
    ("glue/wnli_plain", "train"): (
        635,
        "9a88e9d54b6861cc796a088e9acf4f5f65064a9ef65ae6fa7a688b28391e5c9a",
        "89dfae7f7784b9f1412c4b1ced979b858e2b06556777210aa77fa24b501e4307",
    ),
    ("glue/wnli_plain", "validation"): (
        71,
        "cba00490596dd14be8cf53b4f53bb744abe3a7b89f81ab210528d80225338ed5",
        "99d5867e4e9f6605756f57c6198950cf7d2517526fe3ba8b5233c98aacabc39d",
    ),
    ("glue/wnli_plain", "test"): (
        146,
        "ff0296817e235bf6f7a230c5f6781bd6ee228a45445f6510831fdef6f2a04766",
        "f5c768c500437d5a2deb6fad6345fedd0dba62631abd8b9bb65ed6748cf818a5",
    ),
    ("glue/ax", "test"): (
        1104,
        "7b7f4c2b272f4b5020c15d6895eb40cb70bde0a22c3491b9fd30f18af7974e59",
        "368dedf32599540a00bef8effd3c43c8974931e504d1f40de907dbc8ec9a9e50",
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
    assert {task for task, _ in T5} == {s.name for s in task_specs.all_tasks() if s.benchmark == "glue"}


def test_the_hash_sees_every_part() -> None:
    rows = [("0", "a", "b"), ("1", "c", "d")]
    others = [[("0", "a", "b")], rows[::-1], [("0", "ab", ""), rows[1]], [("2", "a", "b"), rows[1]]]
    assert len({text_hash(r)[1] for r in [rows, *others]}) == 5
