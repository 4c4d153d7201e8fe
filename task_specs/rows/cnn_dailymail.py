"""CNN/DailyMail (Hermann et al. 2015; non-anonymised as See et al. 2017), in T5's text format."""

from task_specs.answers.labels import Text
from task_specs.rows.published import table14
from task_specs.sources.download import Download
from task_specs.sources.summaries import Stories
from task_specs.spec import Decode, Lengths, TaskSpec
from task_specs.submission_files.texts import TextFile
from task_specs.texts.instructed import Instructed

# The usual mirror of the DeepMind Q&A stories, whose own address asks for a click, and See et al.'s lists.
STORIES = "https://huggingface.co/datasets/abisee/cnn_dailymail/resolve/11343c3752184397d56efc19a8a7cceb68089318/data"
LISTS = "https://raw.githubusercontent.com/abisee/cnn-dailymail/master/url_lists"
TERMS = "CNN/DailyMail: the articles are their publishers', offered for research"

CNN_DAILYMAIL = TaskSpec(
    name="cnn_dailymail",
    benchmark="cnn_dailymail",
    aliases=("cnn_dailymail_v002",),
    source=Stories(
        "cnn_dailymail", names={"train": ("train",), "validation": ("val", "validation"), "test": ("test",)}
    ),
    tfds="cnn_dailymail",
    hub="abisee/cnn_dailymail:3.0.0",
    text=Instructed("summarize:", "article"),
    answer=Text("highlights"),
    metrics=("rouge1", "rouge2", "rougeL", "rougeLsum", "rouge1_t5", "rouge2_t5", "rougeLsum_t5"),
    # The one number by which the paper compares its models on this task.
    task_score=("rouge2",),
    submission=TextFile("test.hypo"),
    sizes={"train": 287113, "validation": 13368, "test": 11490},
    downloads=tuple(
        Download(url, f"cnn_dailymail/{name}", (), size, sha256, terms=TERMS)
        for url, name, size, sha256 in (
            (
                f"{STORIES}/cnn_stories.tgz",
                "cnn_stories.tgz",
                158_577_824,
                "e8fbc0027e54e0a916abd9c969eb35f708ed1467d7ef4e3b17a56739d65cb200",
            ),
            (
                f"{STORIES}/dailymail_stories.tgz",
                "dailymail_stories.tgz",
                375_893_739,
                "ad69010002210b7c406718248ee66e65868b9f6820f163aa966369878d14147e",
            ),
            (
                f"{LISTS}/all_train.txt",
                "all_train.txt",
                46_424_688,
                "a5cee49f3a6c862c26ce29308236d2a99625ab6c86a43be22d5206b2790d8029",
            ),
            (
                f"{LISTS}/all_val.txt",
                "all_val.txt",
                2_433_674,
                "81887e982b045083409c6ee838aede8ff4b97291605bcfb21bffc456a16991db",
            ),
            (
                f"{LISTS}/all_test.txt",
                "all_test.txt",
                2_109_547,
                "c4f5efb5ec2126430a5c156efbd13d0e9c4cb490169e552c38b4a51981a009bd",
            ),
        )
    ),
    lengths=Lengths(inputs=512, targets=512),
    decode=Decode("beam", beam_size=4, alpha=0.6),
    published=table14(
        rouge1_t5=(41.12, 42.05, 42.50, 42.72, 43.52),
        rouge2_t5=(19.56, 20.34, 20.68, 21.02, 21.55),
        rougeLsum_t5=(38.35, 39.40, 39.75, 39.94, 40.69),
    ),
    note="published ROUGE-L is the summary's, over sentences: rougeLsum, not rougeL",
)

TASKS = (CNN_DAILYMAIL,)
