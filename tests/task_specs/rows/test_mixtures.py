"""Mixtures: T5's own under its names, the paper's formulas written out again, nesting, and every mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import task_specs
from task_specs import Member, Mixture, SpecError, registry, shares, training_mixture

# Numbers of examples by T5's task names, as the paper's mixtures weigh them.
GLUE = {
    "glue_cola_v002": 8551, "glue_sst2_v002": 67349, "glue_mrpc_v002": 3668, "glue_qqp_v002": 363849,
    "glue_stsb_v002": 5749, "glue_mnli_v002": 392702, "glue_qnli_v002": 104743, "glue_rte_v002": 2490,
    "glue_mnli_mismatched_v002": 0, "glue_mnli_matched_v002": 0, "glue_ax_v002": 0,
}  # fmt: skip
SUPER_GLUE = {
    "dpr_v001_simple": 1322, "super_glue_wsc_v102_simple_train": 259, "super_glue_boolq_v102": 9427,
    "super_glue_cb_v102": 250, "super_glue_copa_v102": 400, "super_glue_multirc_v102": 27243,
    "super_glue_record_v102": 138854, "super_glue_rte_v102": 2490, "super_glue_wic_v102": 5428,
    "super_glue_axb_v102": 0, "super_glue_axg_v102": 0,
}  # fmt: skip
LARGE = {
    "cnn_dailymail_v002": 287113, "squad_v010_allanswers": 87599, "wmt_t2t_ende_v003": 4592289,
    "wmt15_enfr_v003": 40853298, "wmt16_enro_v003": 610320,
}  # fmt: skip
HALVED = {"glue_rte_v002": 1245, "super_glue_rte_v102": 1245}
ALL = {**GLUE, **SUPER_GLUE, **LARGE}
UNLABELLED = {"text": 2_000_000}


def without(*groups: dict[str, int]) -> dict[str, int]:
    return {name: rate for name, rate in ALL.items() if not any(name in group for group in groups)}


T5 = {
    "glue_v002_proportional": GLUE,
    "super_glue_v102_proportional": SUPER_GLUE,
    "glue_mnli_and_dev_v002": {"glue_mnli_v002": 1, "glue_mnli_matched_v002": 0, "glue_mnli_mismatched_v002": 0},
    "wsc_dpr_simple_proportional": {"dpr_v001_simple": 1322, "super_glue_wsc_v102_simple_train": 259},
    "all_equal": {**{name: int(rate > 0) for name, rate in ALL.items()}, "text": 1},
    "all_proportional": {**ALL, **HALVED, **UNLABELLED},
    "all_mix": {**ALL, **HALVED, "text": 1_000_000},
    "en_mix": {**GLUE, **SUPER_GLUE, "squad_v010_allanswers": 87599, "text": 1_000_000},
    "large_supervised_equal": {"wmt_t2t_ende_v003": 1, "wmt15_enfr_v003": 1, "cnn_dailymail_v002": 1},
    "large_supervised_proportional": {
        name: LARGE[name] for name in ("wmt_t2t_ende_v003", "wmt15_enfr_v003", "cnn_dailymail_v002")
    },
    "large_translation_equal": {"wmt_t2t_ende_v003": 1, "wmt15_enfr_v003": 1},
    "leave_one_out_glue_v002_proportional": {**without(GLUE), **UNLABELLED},
    "leave_one_out_super_glue_v102_proportional": {**without(SUPER_GLUE), **UNLABELLED},
    **{
        f"leave_one_out_{left_out}": {
            **{name: rate for name, rate in {**ALL, **HALVED}.items() if name != left_out},
            **UNLABELLED,
        }
        for left_out in LARGE
    },
}


@pytest.mark.parametrize(("name", "rates"), T5.items())
def test_t5s_mixtures(name: str, rates: dict[str, int]) -> None:
    mixture = registry.find(name)
    assert isinstance(mixture, Mixture)
    total = sum(rates.values())
    expected = {task if task == "text" else task_specs.get(task).name: r / total for task, r in rates.items()}
    assert shares(mixture, UNLABELLED) == pytest.approx(expected, rel=1e-12, abs=0)
    assert "glue/wnli" not in expected


def test_neither_limit_nor_temperature_changes_the_rate_of_text_in_all_mix() -> None:
    mixture = training_mixture(["all_mix"], limit=2**18, temperature=2)
    found = shares(mixture, UNLABELLED)
    assert found["text"] / found["cnn_dailymail"] == pytest.approx(1_000_000 / 2**9)


def test_there_are_no_other_mixtures_and_no_mixture_is_a_task() -> None:
    later = {"xnli_zeroshot", "pawsx_zeroshot", "closed_book_qa"}
    assert {task_specs.find(name).name for name in T5} | later == {m.name for m in task_specs.all_mixtures()}
    for mixture in task_specs.all_mixtures():
        for name in (mixture.name, *mixture.aliases):
            assert task_specs.find(name) is mixture
            with pytest.raises(SpecError, match=f"^'{name}' is a mixture, not a task; `t5eval show {name}`"):
                task_specs.get(name)


def test_plain_text_is_left_out_where_there_is_none() -> None:
    everything = task_specs.find("all_equal")
    assert isinstance(everything, Mixture)
    assert "text" not in shares(everything)
    assert sum(shares(everything).values()) == pytest.approx(1)


SIZES = st.dictionaries(
    st.sampled_from(["glue/cola", "glue/rte", "super_glue/cb", "squad/v1.1", "dpr"]),
    st.integers(1, 10**7),
    min_size=1,
)


@given(SIZES, st.integers(1, 10**7), st.floats(0.5, 10))
def test_the_papers_formula(sizes: dict[str, int], limit: int, temperature: float) -> None:
    mixed = shares(Mixture("m", tuple(map(Member, sizes)), limit=limit, temperature=temperature), sizes)
    rates = {name: min(size, limit) ** (1 / temperature) for name, size in sizes.items()}
    assert mixed == pytest.approx({name: rate / sum(rates.values()) for name, rate in rates.items()}, rel=1e-9)


@given(SIZES)
def test_temperature_and_limit_at_their_ends(sizes: dict[str, int]) -> None:
    members = tuple(map(Member, sizes))
    even = dict.fromkeys(sizes, 1 / len(sizes))
    assert shares(Mixture("m", members, rates="equal"), sizes) == pytest.approx(even)
    thrice = shares(Mixture("m", (*members, Member("glue/mnli", rate=3)), rates="equal"), sizes)
    assert thrice["glue/mnli"] == pytest.approx(3 / (len(sizes) + 3))  # a rate of its own beside members at 1 each
    assert shares(Mixture("m", members, limit=1), sizes) == pytest.approx(even)
    assert shares(Mixture("m", members, temperature=1e9), sizes) == pytest.approx(even, rel=1e-6)
    total = sum(sizes.values())
    assert shares(Mixture("m", members), sizes) == pytest.approx({n: size / total for n, size in sizes.items()})


def nested(monkeypatch: pytest.MonkeyPatch, **mixtures: Mixture) -> None:
    """Lets the registry know more mixtures."""
    monkeypatch.setattr(registry, "_mixtures", lambda: mixtures)


def test_nested_mixtures(monkeypatch: pytest.MonkeyPatch) -> None:
    nested(monkeypatch, inner=Mixture("inner", (Member("glue/rte"), Member("super_glue/cb"))))
    # By size, nesting changes nothing: 2490, 250 and 8551 examples.
    assert shares(Mixture("m", (Member("inner"), Member("glue/cola")))) == pytest.approx(
        {"glue/rte": 2490 / 11291, "super_glue/cb": 250 / 11291, "glue/cola": 8551 / 11291}
    )
    # A rate of its own is shared out among its tasks, and a task that is in both gets both.
    mixture = Mixture("m", (Member("inner", rate=3), Member("glue/rte", rate=1, factor=2)))
    assert shares(mixture) == pytest.approx(
        {"glue/rte": (3 * 2490 / 2740 + 2) / 5, "super_glue/cb": 3 * 250 / 2740 / 5}
    )
    # The limit is each task's.
    mixture = Mixture("m", (Member("inner"), Member("glue/cola")), limit=1000)
    assert shares(mixture)["glue/cola"] == pytest.approx(1000 / 2250)


def test_what_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it stands, and the others keep their proportions."""
    nested(monkeypatch, inner=Mixture("inner", (Member("glue/rte"), Member("super_glue/cb"), Member("text"))))
    members = (Member("inner"), Member("glue/cola"), Member("text", rate=100))
    for left_out, tasks in (("glue/rte", ["super_glue/cb", "glue/cola"]), ("super_glue", ["glue/rte", "glue/cola"])):
        mixture = Mixture("m", members, without=(left_out, "text"))
        assert shares(mixture, UNLABELLED) == pytest.approx(shares(Mixture("n", tuple(map(Member, tasks)))))
        assert [spec.name for spec in task_specs.tasks_of(mixture)] == tasks
    mixture = Mixture("m", members, rates="equal", without=("inner",))
    # Of a mixture the tasks are left out; plain text is by its own name alone.
    assert shares(mixture, UNLABELLED) == pytest.approx({"glue/cola": 1 / 102, "text": 101 / 102})


@pytest.mark.parametrize("name", ["squad", "cnn_dailymail", "wmt16_en-ro"])
def test_t5s_leave_one_out_is_a_mixture_without_a_task(name: str) -> None:
    theirs, everything = (registry.find(each) for each in (f"leave_one_out_{name}", "all_proportional"))
    assert isinstance(theirs, Mixture)
    assert isinstance(everything, Mixture)
    (left_out,) = {spec.name for spec in task_specs.tasks_of(everything)} - {
        s.name for s in task_specs.tasks_of(theirs)
    }
    ours = Mixture("m", everything.members, without=(left_out,))
    assert shares(ours, UNLABELLED) == pytest.approx(shares(theirs, UNLABELLED))


def test_benchmarks_as_members() -> None:
    drawn = {name for name, share in shares(Mixture("m", (Member("glue"),))).items() if share}
    assert drawn == {f"glue/{task}" for task in ("cola", "sst2", "mrpc", "stsb", "qqp", "mnli", "qnli", "rte")}
    assert "glue/wnli" in shares(Mixture("m", (Member("glue"),)))


def test_the_datas_own_counts_win_over_the_rows_but_not_over_rates() -> None:
    mixture = Mixture("m", (Member("glue/rte"), Member("glue/cola", rate=30)))
    assert shares(mixture, {"glue/rte": 10, "glue/cola": 999}) == pytest.approx({"glue/rte": 0.25, "glue/cola": 0.75})


@pytest.mark.parametrize(
    ("mixture", "message"),
    [
        (Mixture("m", (Member("glue/cla"),)), "mixture m: unknown task 'glue/cla'. Did you mean 'glue/cola'"),
        (Mixture("m", (Member("glue/ax"),)), "mixture m: nothing to train on"),
        (Mixture("m", (Member("glue/rte", rate=0),)), "mixture m: nothing to train on"),
        (Mixture("m", (Member("text"),)), "mixture m: nothing to train on"),
        (Mixture("m", ("glue/rte",), without=("glue/cla",)), "mixture m: unknown task 'glue/cla'. Did you mean 'glue/"),
        (
            Mixture("m", ("glue/rte",), without=("squad",)),
            "mixture m: without names squad, which has no task among the members",
        ),
        (Mixture("m", ("glue/rte",), without=("glue",)), "mixture m: nothing to train on"),
        (
            Mixture("m", (Member("glue/rte"), Member("wmt14/en-de"))),
            "mixture m: how many examples wmt14/en-de has is known from its data alone; give it a rate",
        ),
    ],
)
def test_mixtures_that_cannot_be_drawn_from(mixture: Mixture, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        shares(mixture)
    assert str(caught.value).startswith(message)


def test_a_mixture_within_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    nested(monkeypatch, a=Mixture("a", (Member("b"),)), b=Mixture("b", (Member("glue/rte"), Member("a"))))
    with pytest.raises(SpecError, match="mixture a is a member of itself: a > b > a"):
        shares(registry.find("a"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"members": ()}, "mixture m: it has no members"),
        ({"members": ("glue/rte", "glue/rte")}, "glue/rte is a member twice"),
        ({"rates": "even"}, "rates are proportional or equal, got 'even'"),
        ({"limit": 0}, "the limit must be at least 1, got 0"),
        ({"temperature": 0.0}, "the temperature must be positive, got 0.0"),
        ({"temperature": float("inf")}, "the temperature must be positive, got inf"),
        ({"name": "../m"}, "mixture name '../m'"),
    ],
)
def test_rows_check_themselves(values: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        Mixture(**{"name": "m", "members": ("glue/rte",), **values})  # type: ignore[arg-type]
    assert message in str(caught.value)


@pytest.mark.parametrize(("rate", "factor"), [(-1, 1.0), (float("nan"), 1.0), (None, 0.0), (None, float("inf"))])
def test_members_check_themselves(rate: float | None, factor: float) -> None:
    with pytest.raises(SpecError, match="of glue/rte must be a"):
        Member("glue/rte", rate, factor)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("glue/rte", "the name of a task"),
        ("glue_rte_v002", "the name of a task"),
        ("glue", "the name of a benchmark"),
        ("text", "a meaning of its own"),
        ("all", "a meaning of its own"),
        ("b", "the name of another mixture"),
    ],
)
def test_names_that_are_taken(name: str, message: str) -> None:
    other = Mixture("b", (Member("glue/rte"),))
    with pytest.raises(SpecError, match=f"^mixture '{name}': this .*{message}"):
        registry.index_mixtures([other, Mixture("m", (Member("glue/rte"),), aliases=(name,))])


def test_resolve_takes_mixtures() -> None:
    assert [spec.name for spec in task_specs.resolve(["wsc_dpr_proportional", "dpr", "glue/rte"])] == [
        "dpr", "super_glue/wsc", "glue/rte",
    ]  # fmt: skip
    with pytest.raises(SpecError, match="Did you mean 'wsc_dpr_proportional'"):
        task_specs.resolve(["wsc_dpr_proportonal"])


class TestFromToml:
    """A user's own mixtures."""

    def write(self, path: Path, text: str) -> str:
        path.write_text(text, encoding="utf-8")
        return str(path)

    def test_a_valid_file(self, tmp_path: Path) -> None:
        path = self.write(
            tmp_path / "mine.toml",
            'name = "mine"\nlimit = 1000\ntemperature = 2\n'
            'members = ["glue/rte", {name = "super_glue/cb", rate = 10, factor = 0.5}, "dpr"]\nwithout = ["dpr"]\n',
        )
        members = (Member("glue/rte"), Member("super_glue/cb", 10, 0.5), Member("dpr"))
        mixture = Mixture("mine", members, limit=1000, temperature=2, without=("dpr",))
        assert task_specs.find(path) == mixture
        assert [spec.name for spec in task_specs.resolve([path])] == ["glue/rte", "super_glue/cb"]
        outer = Mixture("outer", (Member(path), Member("glue/cola")))
        assert list(shares(outer)) == ["glue/rte", "super_glue/cb", "glue/cola"]
        with pytest.raises(
            SpecError, match=r"mine.toml is a mixture, not a task; its members are glue/rte, super_glue/cb, dpr"
        ):
            task_specs.get(path)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ('name = "m"\nmembers = []', "mixture m: it has no members"),
            ('name = "m"\nmembers = "glue/rte"', "members has the wrong type: 'glue/rte'"),
            ('name = "m"\nmembers = [1]', "members: expected a table, got 1"),
            ('name = "m"\nmembers = [{rate = 1}]', "members: the key 'name' is missing"),
            ('name = "m"\nmembers = [{name = "glue/rte", rte = 1}]', "unknown key 'rte'"),
            ('name = "m"\nmembers = ["glue/rte"]\nlimt = 3', "unknown key 'limt'"),
            ('members = ["glue/rte"]', "the key 'name' is missing"),
            ('name = "glue/rte"\nmembers = ["glue/rte"]', "the name of a task"),
        ],
    )
    def test_mistakes(self, tmp_path: Path, text: str, message: str) -> None:
        with pytest.raises(SpecError) as caught:
            task_specs.find(self.write(tmp_path / "m.toml", text))
        assert message in str(caught.value)

    def test_a_file_that_names_itself(self, tmp_path: Path) -> None:
        path = tmp_path / "m.toml"
        self.write(path, f'name = "m"\nmembers = ["{path}"]')
        with pytest.raises(SpecError, match="mixture m is a member of itself: m > m"):
            task_specs.resolve([str(path)])


class TestTrainingMixture:
    """What a run trains on that names tasks, benchmarks and mixtures."""

    def test_tasks_by_size(self) -> None:
        assert shares(training_mixture(["glue_rte_v002", "glue/rte", "super_glue/cb"])) == pytest.approx(
            {"glue/rte": 2490 / 2740, "super_glue/cb": 250 / 2740}
        )

    def test_a_benchmark_is_its_tasks(self) -> None:
        glue = shares(training_mixture(["glue"]))
        assert [name for name, share in glue.items() if not share] == [
            "glue/mnli_matched", "glue/mnli_mismatched", "glue/wnli", "glue/ax",
        ]  # fmt: skip
        # The limit is each task's, and a task that is named itself is drawn whatever its benchmark draws.
        limited = shares(training_mixture(["glue/wnli", "glue"], limit=635))
        assert [share for share in limited.values() if share] == pytest.approx([1 / 9] * 9)
        assert shares(training_mixture(["glue", "glue/wnli"])) == shares(training_mixture(["glue/wnli", "glue"]))

    def test_all_benchmarks(self) -> None:
        members = {member.name for member in training_mixture(["all"]).members}
        assert {"glue/mnli", "super_glue/axb", "dpr", "squad/v2.0", "wmt14/en-de", "cnn_dailymail"} <= members

    def test_one_mixture_is_itself(self) -> None:
        glue = task_specs.find("glue_proportional")
        assert training_mixture(["glue_v002_proportional"]) == glue
        warmer = training_mixture(["glue_v002_proportional"], temperature=2, limit=2**16)
        assert (warmer.name, warmer.temperature, warmer.limit) == ("glue_proportional", 2, 2**16)

    def test_rates(self) -> None:
        mixture = training_mixture(
            ["glue", "dpr", "wsc_dpr_proportional"], rates={"wsc_dpr_proportional": 2, "glue": 1, "dpr": 1}
        )
        mixed = shares(mixture)
        assert mixed["dpr"] == pytest.approx((1 + 2 * 1322 / 1581) / 4)
        assert sum(share for name, share in mixed.items() if name.startswith("glue/")) == pytest.approx(0.25)
        with pytest.raises(SpecError, match="only one of them has glue/cola, glue/rte"):
            training_mixture(["glue/rte", "dpr"], rates={"dpr": 1, "glue/cola": 1})
