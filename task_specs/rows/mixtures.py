"""Mixtures: which tasks a model is trained on together, and how often each is drawn. A new mixture is a new row.

Rates and names are T5's (Raffel et al. 2020, section 3.5; the released code): numbers of training examples, WNLI left
out because WSC and DPR are trained in its form, RTE halved where both benchmarks have it. Sets without a training split
are members too, so that they are validated; they are never drawn.
"""

from collections.abc import Iterable, Mapping

from task_specs.mixture import TEXT, Member, Mixture
from task_specs.rows import closed_book, pawsx, xnli

GLUE_RATES = {
    "glue/cola": 8551,
    "glue/sst2": 67349,
    "glue/mrpc": 3668,
    "glue/qqp": 363849,
    "glue/stsb": 5749,
    "glue/mnli": 392702,
    "glue/qnli": 104743,
    "glue/rte": 2490,
    "glue/mnli_matched": 0,
    "glue/mnli_mismatched": 0,
    "glue/ax": 0,
}
SUPER_GLUE_RATES = {
    "dpr": 1322,
    "super_glue/wsc": 259,
    "super_glue/boolq": 9427,
    "super_glue/cb": 250,
    "super_glue/copa": 400,
    "super_glue/multirc": 27243,
    "super_glue/record": 138854,
    "super_glue/rte": 2490,
    "super_glue/wic": 5428,
    "super_glue/axb": 0,
    "super_glue/axg": 0,
}
# The other tasks that T5 is trained on, by their size, and plain text.
LARGE = ("cnn_dailymail", "squad/v1.1", "wmt_t2t/en-de", "wmt15/en-fr", "wmt16/en-ro", TEXT)
EVERYTHING = (*GLUE_RATES, *SUPER_GLUE_RATES, *LARGE)
LARGE_TRANSLATION = ("wmt_t2t/en-de", "wmt15/en-fr")
LARGE_SUPERVISED = (*LARGE_TRANSLATION, "cnn_dailymail")
# Plain text at a rate of its own, T5's rate_unsupervised, which neither limit nor temperature changes.
TEXT_AT_ITS_RATE = Member(TEXT, rate=1, factor=1_000_000)
IN_BOTH_BENCHMARKS = ("glue/rte", "super_glue/rte")

# What is left out at a time: our name for it, T5's name, and its tasks.
LEFT_OUT: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("glue", "glue_v002_proportional", tuple(GLUE_RATES)),
    ("super_glue", "super_glue_v102_proportional", tuple(SUPER_GLUE_RATES)),
    ("cnn_dailymail", "cnn_dailymail_v002", ("cnn_dailymail",)),
    ("squad", "squad_v010_allanswers", ("squad/v1.1",)),
    ("wmt_t2t_en-de", "wmt_t2t_ende_v003", ("wmt_t2t/en-de",)),
    ("wmt15_en-fr", "wmt15_enfr_v003", ("wmt15/en-fr",)),
    ("wmt16_en-ro", "wmt16_enro_v003", ("wmt16/en-ro",)),
)


def _with_rates(rates: Mapping[str, float]) -> tuple[Member, ...]:
    return tuple(Member(name, rate) for name, rate in rates.items())


def _t5_members(names: Iterable[str]) -> tuple[Member, ...]:
    """Returns members with T5's rates, the others by size, and RTE halved where both benchmarks are among them."""
    names = tuple(names)
    rates = {**GLUE_RATES, **SUPER_GLUE_RATES}
    halved = IN_BOTH_BENCHMARKS if set(IN_BOTH_BENCHMARKS) <= set(names) else ()
    return tuple(Member(name, rates.get(name), factor=0.5 if name in halved else 1.0) for name in names)


MIXTURES: tuple[Mixture, ...] = (
    Mixture("glue_proportional", _with_rates(GLUE_RATES), aliases=("glue_v002_proportional",)),
    Mixture("super_glue_proportional", _with_rates(SUPER_GLUE_RATES), aliases=("super_glue_v102_proportional",)),
    Mixture(
        "glue_mnli_and_dev",
        tuple(map(Member, ("glue/mnli", "glue/mnli_matched", "glue/mnli_mismatched"))),
        rates="equal",
        aliases=("glue_mnli_and_dev_v002",),
        note="MNLI, validated on each of its two sets as well",
    ),
    Mixture(
        "wsc_dpr_proportional",
        _with_rates({name: SUPER_GLUE_RATES[name] for name in ("dpr", "super_glue/wsc")}),
        aliases=("wsc_dpr_simple_proportional",),
    ),
    Mixture("all_equal", tuple(map(Member, EVERYTHING)), rates="equal"),
    Mixture(
        "all_proportional",
        _t5_members(EVERYTHING),
        note="T5 was trained on it with a limit of 2^18 to 2^19, without which the largest sets crowd out the others",
    ),
    Mixture(
        "xnli_zeroshot",
        tuple(map(Member, ("xnli/train", *(spec.name for spec in xnli.TASKS if spec is not xnli.TRAIN)))),
        rates="equal",
        note="mT5's: trained on English MNLI alone, validated on each language",
    ),
    Mixture(
        "pawsx_zeroshot",
        tuple(Member(spec.name, 1.0 if spec.name == "pawsx/en" else 0.0) for spec in pawsx.TASKS),
        note="mT5's: trained on English alone, validated on each language",
    ),
    Mixture(
        "closed_book_qa",
        tuple(Member(spec.name) for spec in closed_book.TASKS),
        note="T5's closed-book questions by their size; its own held a tenth of the training data back",
    ),
    Mixture(
        "all_mix",
        (TEXT_AT_ITS_RATE, *_t5_members(name for name in EVERYTHING if name != TEXT)),
        note="all_proportional, with plain text as often as 1,000,000 examples, whatever the limit; limit the others",
    ),
    Mixture(
        "en_mix",
        (TEXT_AT_ITS_RATE, *_with_rates({**GLUE_RATES, **SUPER_GLUE_RATES}), Member("squad/v1.1")),
        note="what is English: both benchmarks, each with its own RTE, SQuAD and plain text, as often as in all_mix",
    ),
    Mixture("large_supervised_equal", tuple(map(Member, LARGE_SUPERVISED)), rates="equal"),
    Mixture("large_supervised_proportional", tuple(map(Member, LARGE_SUPERVISED))),
    Mixture("large_translation_equal", tuple(map(Member, LARGE_TRANSLATION)), rates="equal"),
    *(
        Mixture(
            f"leave_one_out_{name}",
            _t5_members(task for task in EVERYTHING if task not in tasks),
            aliases=(f"leave_one_out_{t5_name}",),
            note="for fine-tuning on what is left out",
        )
        for name, t5_name, tasks in LEFT_OUT
    ),
)
