"""Questions without a text to read: Natural Questions, WebQuestions and TriviaQA, as Roberts et al. 2020 ask them.

Formats, scorers and other names: the released closed-book code of T5. It held a tenth of the training data back for
validation, in an order of TensorFlow Datasets that no official file has; here the splits are the files', so that what
others call the open-domain test set is the split `validation` of Natural Questions and TriviaQA.
"""

from task_specs.answers.labels import Text
from task_specs.sources.copies import Copies
from task_specs.sources.download import Download
from task_specs.sources.json_document import JsonDocument
from task_specs.sources.json_lines import JsonLines
from task_specs.spec import Lengths, TaskSpec
from task_specs.texts.instructed import Instructed

LENGTHS = Lengths(inputs=128, targets=32)
NQ = "https://raw.githubusercontent.com/google-research-datasets/natural-questions"
NQ_COMMIT = "a7a113c9fdc2d9986d624bd43b8a18d6d5779eaa"
CODALAB = "https://worksheets.codalab.org/rest/bundles"

NATURAL_QUESTIONS = TaskSpec(
    name="closed_book/natural_questions",
    benchmark="closed_book",
    aliases=("natural_questions_open", "natural_questions_open_test"),
    source=JsonLines(
        "natural_questions",
        {"train": "NQ-open.train.jsonl", "validation": "NQ-open.dev.jsonl"},
        fields={"question": "question"},
        lists={"answers": "answer"},
    ),
    tfds="natural_questions_open",
    hub="google-research-datasets/nq_open:nq_open",
    text=Instructed("nq question:", "question"),
    answer=Text("answers"),
    metrics=("em", "f1"),
    sizes={"train": 87925, "validation": 3610},
    downloads=tuple(
        Download(f"{NQ}/{NQ_COMMIT}/nq_open/{name}", f"natural_questions/{name}", (), size, sha256, terms=terms)
        for terms in ("Natural Questions: CC BY-SA 3.0",)
        for name, size, sha256 in (
            ("NQ-open.train.jsonl", 8_522_298, "0c93aaf13b12f855628489665e4ef85ffb8573ad444646f11f4fabdc57a0aabf"),
            ("NQ-open.dev.jsonl", 391_316, "f15567f38099f3615f5b8a685c0aef449c11ad90d3da3735e8d1b98115b40616"),
        )
    ),
    lengths=LENGTHS,
    note="the open-domain variant (Lee et al. 2019); its development set is what papers call the test set",
)

WEB_QUESTIONS = TaskSpec(
    name="closed_book/web_questions",
    benchmark="closed_book",
    aliases=("web_questions", "web_questions_open", "web_questions_open_test"),
    source=JsonDocument(
        "web_questions",
        {"train": "webquestions.train.json", "test": "webquestions.test.json"},
        fields={"question": "utterance"},
        lists={"answers": "targetValue"},
        # (list (description "Jaxon Bieber") (description Jazmyn))
        patterns={"answers": r'\(description (?:"([^"]+?)"|([^)]+?))\)'},
    ),
    tfds="web_questions",
    hub="stanfordnlp/web_questions",
    text=Instructed("wq question:", "question"),
    answer=Text("answers"),
    metrics=("em", "f1"),
    sizes={"train": 3778, "test": 2032},
    downloads=tuple(
        Download(f"{CODALAB}/{bundle}/contents/blob/", f"web_questions/{name}", (), size, sha256, terms=terms)
        for terms in ("WebQuestions: CC BY 4.0",)
        for bundle, name, size, sha256 in (
            (
                "0x4a763f8cde224c2da592b75f29e2f5c2",
                "webquestions.train.json",
                825_320,
                "fb1797e4554a1b1be642388367de1379f8c0d5afc609ac171492c67f7b70cb1e",
            ),
            (
                "0xe7bac352fce7448c9ef238fb0a297ec2",
                "webquestions.test.json",
                447_645,
                "e3d4550e90660aaabe18458ba34b59f2624857273f375af7353273ce8b84ce6e",
            ),
        )
    ),
    lengths=LENGTHS,
    note="its test split is labelled; there is no validation split",
)

TRIVIA_QA = TaskSpec(
    name="closed_book/trivia_qa",
    benchmark="closed_book",
    aliases=("trivia_qa_v010", "trivia_qa_open", "trivia_qa_open_test"),
    source=JsonDocument(
        "trivia_qa",
        {
            "train": "unfiltered-web-train.json",
            "validation": "unfiltered-web-dev.json",
            "test": "unfiltered-web-test-without-answers.json",
        },
        fields={"question": "Question", "value": "Answer.Value"},
        lists={"answers": "Answer.Aliases"},
        items="Data",
        id="QuestionId",
    ),
    tfds="trivia_qa/unfiltered.nocontext",
    hub="mandarjoshi/trivia_qa",
    copies=Copies(id="question_id"),
    text=Instructed("trivia_qa question:", "question"),
    answer=Text("answers", written="value", normalization="trivia_qa"),
    metrics=("em", "f1"),
    sizes={"train": 87622, "validation": 11313, "test": 10832},
    downloads=(
        Download(
            "http://nlp.cs.washington.edu/triviaqa/data/triviaqa-unfiltered.tar.gz",
            "trivia_qa",
            ("triviaqa-unfiltered/unfiltered-web-*.json",),
            632_549_060,
            "7f0c94207fd0a1eb7bba3d52cdfe0735c98de850b9e5aa4e75f2776ef9a531d0",
            terms="TriviaQA: its questions are their authors', offered for research",
        ),
    ),
    lengths=LENGTHS,
    note="right is every alias of the answer; its test split has no answers. T5's own task of the name trivia_qa_v010 "
    "put found passages beside the question and had no score; the name leads to the closed-book form here",
)

TASKS = (NATURAL_QUESTIONS, WEB_QUESTIONS, TRIVIA_QA)
