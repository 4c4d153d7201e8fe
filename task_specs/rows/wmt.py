"""WMT's news translation in T5's text format, in the directions that T5 has and their reverses.

Sets and sizes are those of WMT's dev.tgz; the years since 2020 are in `wmt_since_2020.py`. T5's published BLEU (Raffel
et al. 2020, table 14) is sacrebleu's with the `intl` tokenisation.
"""

from collections.abc import Mapping

from task_specs.answers.labels import Text
from task_specs.rows.published import table14
from task_specs.sources.download import Download
from task_specs.sources.parallel import ParallelText
from task_specs.spec import Decode, Lengths, Published, TaskSpec
from task_specs.submission_files.texts import TextFile
from task_specs.texts.instructed import Instructed

LANGUAGES = {"en": "English", "de": "German", "fr": "French", "ro": "Romanian"}
TRAINING_NOTE = (
    "training reads {pair}/train.{source} and train.{target}, which you make of the corpora of your choice; "
    "the official ones together have no single file"
)

TERMS = "WMT: its test sets may be used for research; cite the shared task's findings"
DOWNLOADS = (
    Download(
        "http://data.statmt.org/wmt19/translation-task/dev.tgz",
        "wmt/dev",
        ("dev/*.sgm",),
        38_654_961,
        "7a7deccf82ebb05ba508dba5eb21356492224e8f630ec4f992132b029b4b25e7",
        terms=TERMS,
    ),
)
DOWNLOADS_2019 = (
    *DOWNLOADS,
    Download("http://data.statmt.org/wmt19/translation-task/test.tgz", "wmt/dev", ("sgm/*.sgm",), terms=TERMS),
)


def _task(
    year: str,
    source: str,
    target: str,
    validation: Mapping[str, int],
    test: Mapping[str, int],
    *,
    tfds: str,
    training_pairs: int | None = None,
    aliases: tuple[str, ...] = (),
    published: tuple[Published, ...] = (),
    note: str = "",
) -> TaskSpec:
    """Returns one direction of one year.

    Args:
        year: the part of the name before the slash.
        source: the code of the language to translate from.
        target: the code of the language to translate to.
        validation: the validation sets, name to segments.
        test: the test set, name to segments.
        tfds: see `TaskSpec`.
        training_pairs: what the dataset in TensorFlow Datasets has.
        aliases: see `TaskSpec`.
        published: see `TaskSpec`.
        note: what else a user should know, before what is said of the training data.
    """
    training = TRAINING_NOTE.format(pair=f"{source}-{target}", source=source, target=target)
    return TaskSpec(
        name=f"{year}/{source}-{target}",
        benchmark="wmt",
        aliases=aliases,
        source=ParallelText(
            "wmt",
            source,
            target,
            sets={"train": ("train",), "validation": tuple(validation), "test": tuple(test)},
        ),
        tfds=tfds,
        hub=f"wmt/{year}",
        downloads=DOWNLOADS_2019 if year == "wmt19" else DOWNLOADS,
        text=Instructed(f"translate {LANGUAGES[source]} to {LANGUAGES[target]}:", source),
        answer=Text(target),
        metrics=("bleu", "chrf", "bleu_t5"),
        submission=TextFile(f"{year}.{source}-{target}.txt"),
        sizes={"validation": sum(validation.values()), "test": sum(test.values())},
        training_pairs=training_pairs,
        lengths=Lengths(inputs=512, targets=512),
        decode=Decode("beam", beam_size=4, alpha=0.6),
        published=published,
        note=f"{note}; {training}" if note else training,
    )


NEWSTEST2013 = {"newstest2013": 3000}
NEWSTEST2014 = {"newstest2014": 3003}
EN_DE_2014 = table14(bleu_t5=(26.7, 30.9, 32.0, 31.8, 32.1))
FULL_2014 = "newstest2014 is the full set of 3,003 segments, sacrebleu's wmt14/full"

TASKS = (
    _task(
        "wmt14",
        "en",
        "de",
        NEWSTEST2013,
        NEWSTEST2014,
        tfds="wmt14_translate/de-en",
        aliases=("wmt14_ende_v003",),
        published=EN_DE_2014,
        note=FULL_2014,
    ),
    _task("wmt14", "de", "en", NEWSTEST2013, NEWSTEST2014, tfds="wmt14_translate/de-en", note=FULL_2014),
    _task(
        "wmt14",
        "en",
        "fr",
        NEWSTEST2013,
        NEWSTEST2014,
        tfds="wmt14_translate/fr-en",
        aliases=("wmt14_enfr_v003",),
        note="T5's published En-Fr score is not of this test set, which was its validation set; see wmt15/en-fr",
    ),
    _task("wmt14", "fr", "en", NEWSTEST2013, NEWSTEST2014, tfds="wmt14_translate/fr-en"),
    _task(
        "wmt15",
        "en",
        "fr",
        {"newsdiscussdev2015-fren": 1500, "newstest2014": 3003},
        {"newsdiscusstest2015-enfr": 1500},
        tfds="wmt15_translate/fr-en",
        training_pairs=40853298,
        aliases=("wmt15_enfr_v003",),
        published=table14(
            caution="the published one may be of newsdiscusstest2015-fren turned round, which has other sentences",
            bleu_t5=(36.0, 41.2, 41.5, 42.6, 43.4),
        ),
        note="the test set is WMT's own for this direction; TensorFlow Datasets, and with it T5's task, has that of "
        "the other direction turned round (newsdiscusstest2015-fren), whose sentences are others: a published score "
        "may be of either",
    ),
    _task(
        "wmt15",
        "fr",
        "en",
        {"newsdiscussdev2015-fren": 1500, "newstest2014": 3003},
        {"newsdiscusstest2015-fren": 1500},
        tfds="wmt15_translate/fr-en",
    ),
    _task(
        "wmt16",
        "en",
        "ro",
        {"newsdev2016": 1999},
        {"newstest2016": 1999},
        tfds="wmt16_translate/ro-en",
        training_pairs=610320,
        aliases=("wmt16_enro_v003",),
        published=table14(bleu_t5=(26.8, 28.0, 28.1, 28.2, 28.1)),
    ),
    _task("wmt16", "ro", "en", {"newsdev2016": 1999}, {"newstest2016": 1999}, tfds="wmt16_translate/ro-en"),
    _task("wmt17", "en", "de", {"newstest2016": 2999}, {"newstest2017": 3004}, tfds="wmt17_translate/de-en"),
    _task("wmt17", "de", "en", {"newstest2016": 2999}, {"newstest2017": 3004}, tfds="wmt17_translate/de-en"),
    _task(
        "wmt19",
        "en",
        "de",
        {"newstest2018": 2998},
        {"newstest2019-ende": 1997},
        tfds="wmt19_translate/de-en",
        aliases=("wmt19_ende_v003",),
        note="TensorFlow Datasets, and with it T5's task, has no test split; from 2019 on each direction has its own "
        "sentences",
    ),
    _task("wmt19", "de", "en", {"newstest2018": 2998}, {"newstest2019-deen": 2000}, tfds="wmt19_translate/de-en"),
    _task(
        "wmt_t2t",
        "en",
        "de",
        NEWSTEST2013,
        NEWSTEST2014,
        tfds="wmt_t2t_translate/de-en",
        training_pairs=4592289,
        aliases=("wmt_t2t_ende_v003",),
        published=EN_DE_2014,
        note="differs from wmt14/en-de in its training corpora only; T5 was trained on this one",
    ),
    _task("wmt_t2t", "de", "en", NEWSTEST2013, NEWSTEST2014, tfds="wmt_t2t_translate/de-en"),
)
