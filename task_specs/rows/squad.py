"""SQuAD (Rajpurkar et al. 2016, 2018). Version 1.1 in T5's three forms (Raffel et al. 2020); version 2.0 as our own.

Both test sets are hidden: what is scored, published and handed in are the development sets.
"""

from task_specs.answers.squad import ContextSpan, OptionalContextSpan, WordSpan
from task_specs.rows.published import table14
from task_specs.sources.download import Download
from task_specs.sources.squad import SquadJson
from task_specs.spec import Lengths, TaskSpec
from task_specs.submission_files.squad import AnswersFile
from task_specs.texts.squad import SquadQuestion

LENGTHS = Lengths(inputs=512, targets=97)
V1_1 = SquadJson("squad", {"train": "train-v1.1.json", "validation": "dev-v1.1.json"}, version="1.1")
DATA = "https://rajpurkar.github.io/SQuAD-explorer/dataset"
TERMS = "SQuAD: CC BY-SA 4.0"
V1_1_DOWNLOADS = (
    Download(
        f"{DATA}/train-v1.1.json",
        "squad/train-v1.1.json",
        size=30_288_272,
        sha256="3527663986b8295af4f7fcdff1ba1ff3f72d07d61a20f487cb238a6ef92fd955",
        terms=TERMS,
    ),
    Download(
        f"{DATA}/dev-v1.1.json",
        "squad/dev-v1.1.json",
        size=4_854_279,
        sha256="95aa6a52d5d6a735563366753ca50492a658031da74f301ac5238b03966972c9",
        terms=TERMS,
    ),
)
V2_0_DOWNLOADS = (
    Download(
        f"{DATA}/train-v2.0.json",
        "squad/train-v2.0.json",
        size=42_123_633,
        sha256="68dcfbb971bd3e96d5b46c7177b16c1a4e7d4bdef19fb204502738552dede002",
        terms=TERMS,
    ),
    Download(
        f"{DATA}/dev-v2.0.json",
        "squad/dev-v2.0.json",
        size=4_370_528,
        sha256="80a5225e94905956a6446d296ca1093975c4d3b3260f1d6c8f68bc2ab77182d8",
        terms=TERMS,
    ),
)
V1_1_IDS = "5adcf41f13d459ba95d6426e37b2d0f6a141a2108e5e6bf462ae0ce90b20b875"
V1_1_SIZES = {"train": 87599, "validation": 10570}
# T5's papers and scripts score padded text against padded answers.
V1_1_METRICS = ("em", "f1", "em_t5", "f1_t5")

SQUAD = TaskSpec(
    name="squad/v1.1",
    benchmark="squad",
    # T5's older name is of the same text form; its score knew each question's first answer alone.
    aliases=("squad_v010_allanswers", "squad_v010"),
    source=V1_1,
    tfds="squad/v1.1",
    hub="rajpurkar/squad:plain_text",
    text=SquadQuestion("question:"),
    answer=ContextSpan(),
    metrics=V1_1_METRICS,
    submission=AnswersFile("predictions.json", split="validation", ids_sha256=V1_1_IDS),
    sizes=V1_1_SIZES,
    downloads=V1_1_DOWNLOADS,
    lengths=LENGTHS,
    published=table14(
        split="validation",
        em_t5=(79.10, 85.44, 86.66, 88.53, 91.26),
        f1_t5=(87.24, 92.08, 93.79, 94.95, 96.22),
    ),
    note="Answers are scored, and handed in, as pieces of the passage; T5's own scores compare padded texts.",
)

CONTEXT_FREE = TaskSpec(
    name="squad/v1.1_context_free",
    benchmark="squad",
    aliases=("squad_v010_context_free",),
    source=V1_1,
    tfds="squad/v1.1",
    hub="rajpurkar/squad:plain_text",
    text=SquadQuestion("squad trivia question:", passage=False),
    answer=ContextSpan(),
    metrics=V1_1_METRICS,
    sizes=V1_1_SIZES,
    downloads=V1_1_DOWNLOADS,
    lengths=LENGTHS,
    note="The model sees the question alone; the passage only takes the padding off its answers.",
)

SPAN = TaskSpec(
    name="squad/v1.1_span",
    benchmark="squad",
    aliases=("squad_v010_allanswers_span",),
    source=V1_1,
    tfds="squad/v1.1",
    hub="rajpurkar/squad:plain_text",
    text=SquadQuestion("question:"),
    answer=WordSpan(),
    metrics=V1_1_METRICS,
    sizes=V1_1_SIZES,
    downloads=V1_1_DOWNLOADS,
    lengths=LENGTHS,
    note=(
        "T5 leaves out questions without a target (451 of the 10,570 in validation); here they count. T5's own scores "
        "number the words in another way than its targets do, and give a perfect model 11.8 EM."
    ),
)

SQUAD_2 = TaskSpec(
    name="squad/v2.0",
    benchmark="squad",
    source=SquadJson("squad", {"train": "train-v2.0.json", "validation": "dev-v2.0.json"}, version="2.0"),
    tfds="squad/v2.0",
    hub="rajpurkar/squad_v2:squad_v2",
    text=SquadQuestion("question:"),
    answer=OptionalContextSpan(no_answer="unanswerable"),
    metrics=("em", "f1", "has_ans_em", "has_ans_f1", "no_ans_em", "no_ans_f1"),
    submission=AnswersFile("predictions.json", split="validation", probabilities="na_probs.json"),
    sizes={"train": 130319, "validation": 11873},
    downloads=V2_0_DOWNLOADS,
    lengths=LENGTHS,
    note="Not one of T5's tasks: the form of squad/v1.1, and `unanswerable` where the passage has no answer.",
)

TASKS: tuple[TaskSpec, ...] = (SQUAD, CONTEXT_FREE, SPAN, SQUAD_2)
