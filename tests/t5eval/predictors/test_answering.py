"""How tasks are answered: what `--decode` means for each row, and the choice among fixed answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

import task_specs
from t5eval.predictors.answering import answer_batch, choose_answering
from t5eval.predictors.decoding_options import DecodingOptions
from t5eval.predictors.predictor import Generation, Prepared, Rank, Sample, TextGenerator
from t5eval.runs.prediction import Prediction, Ranking
from task_specs import Decode
from task_specs.support.errors import UserError

RTE = task_specs.get("glue/rte")
CHOICES = ("entailment", "not_entailment")
BEAM = Decode("beam", beam_size=4, alpha=0.6)


class Ranker(TextGenerator):
    """Says of each input what it was made of."""

    def prepare(self, texts: Sequence[str], max_tokens: int) -> list[Prepared]:
        raise NotImplementedError

    def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Decode) -> list[Generation]:
        return [prepared.payload for prepared in batch]

    def rank(self, batch: Sequence[Prepared], answers: Sequence[str]) -> list[Ranking]:
        assert answers == CHOICES
        return [prepared.payload for prepared in batch]


class CannotRank(Ranker):
    rank = TextGenerator.rank


def ranked(*sums: Sequence[float], model: TextGenerator | None = None) -> list[Prediction]:
    inputs = [Prepared(Ranking(tuple(row), (2, 5)), 3, truncated=i == 0) for i, row in enumerate(sums)]
    ids = [f"id {i}" for i in range(len(inputs))]
    return answer_batch(model or Ranker(), inputs, ids, RTE, Rank(CHOICES))


@pytest.mark.parametrize(
    ("task", "method", "expected"),
    [
        ("glue/rte", None, Decode()),
        ("glue/rte", "greedy", Decode()),
        ("glue/rte", "beam", BEAM),
        ("glue/rte", "rank", Rank(CHOICES)),
        ("cnn_dailymail", None, task_specs.get("cnn_dailymail").decode),
        ("cnn_dailymail", "greedy", Decode()),
        ("cnn_dailymail", "beam", task_specs.get("cnn_dailymail").decode),
    ],
)
def test_what_a_method_means(task: str, method: str | None, expected: Decode | Rank) -> None:
    assert choose_answering([task_specs.get(task)], DecodingOptions(method), {task}) == ({task: expected}, [])


def test_a_task_named_for_itself_must_have_answers_to_rank() -> None:
    with pytest.raises(UserError, match="--decode rank: glue/wnli has no fixed set of answers to choose from"):
        choose_answering([RTE, task_specs.get("glue/wnli")], DecodingOptions("rank"), {"glue/wnli"})


def test_a_task_of_a_benchmark_keeps_its_way() -> None:
    specs = [RTE, task_specs.get("glue/wnli"), task_specs.get("cnn_dailymail")]
    chosen, kept = choose_answering(specs, DecodingOptions("rank"), {"glue/rte"})
    assert kept == ["glue/wnli", "cnn_dailymail"]
    assert chosen == {
        "glue/rte": Rank(CHOICES),
        "glue/wnli": Decode(),
        "cnn_dailymail": task_specs.get("cnn_dailymail").decode,
    }


def test_the_highest_sum_is_chosen_and_of_equals_the_first() -> None:
    found = ranked((-3.0, -2.5), (-1.0, -9.0), (-4.0, -4.0))
    assert [(p.id, p.text) for p in found] == [
        ("id 0", "not_entailment"),
        ("id 1", "entailment"),
        ("id 2", "entailment"),
    ]
    assert [p.truncated for p in found] == [True, False, False]
    assert not any(p.hit_limit for p in found)


def test_probabilities_beside_a_text_are_kept_if_they_are_some() -> None:
    def answered(generation: Generation) -> Prediction:
        (found,) = answer_batch(Ranker(), [Prepared(generation, 1, truncated=False)], ["x"], RTE, Decode())
        return found

    found = answered(Generation("entailment", False, log_likelihood=-2, no_answer=0.125))
    assert (found.log_likelihood, found.no_answer) == (-2.0, 0.125)
    for wrong in ({"log_likelihood": 0.5}, {"log_likelihood": math.nan}, {"log_likelihood": -math.inf}):
        with pytest.raises(UserError, match=r"example x, log-likelihood: the model gives .* from -inf to 0"):
            answered(Generation("entailment", False, **wrong))
    with pytest.raises(UserError, match=r"probability of no answer: the model gives 1\.5; .* from 0 to 1"):
        answered(Generation("entailment", False, no_answer=1.5))


def test_sums_are_what_single_precision_holds() -> None:
    (found,) = ranked((-0.1 - 1e-12, -0.1))  # equal in float32, so that the first is chosen
    assert found.text == "entailment"
    assert found.line() == (
        b'{"id": "id 0", "prediction": "entailment", "truncated": true, '
        b'"log_likelihoods": [-0.1, -0.1], "answer_tokens": [2, 5]}\n'
    )
    assert Prediction.from_line(found.line()) == found


@pytest.mark.parametrize("row", [(-1.0, math.nan), (-1.0, -math.inf), (-1.0,), (-1.0, -2.0, -3.0)])
def test_there_is_a_finite_number_for_each_answer(row: Sequence[float]) -> None:
    with pytest.raises(UserError, match=r"glue/rte: example id 1: the model gives .* as log-likelihoods of 2 answers"):
        ranked((-1.0, -2.0), row)


def test_a_model_without_probabilities_says_so() -> None:
    with pytest.raises(UserError, match=r"CannotRank cannot rank answers; it can only generate them"):
        ranked((-1.0, -2.0), model=CannotRank())


def test_answers_of_another_type_are_named() -> None:
    with pytest.raises(
        UserError, match=r"gives a str as an answer; it must give a t5eval.predictors.predictor.Generation"
    ):
        answer_batch(Ranker(), [Prepared("entailment", 1, False)], ["0"], RTE, Decode())


class Drawer(Ranker):
    """Says for each input what its seed and number have in the table."""

    TABLE = (("a", "b", "c"), ("b", "b", "a"), ("b", "c", "b"), ("a", "c", "d"))  # of a seed, counted from 5

    def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Decode | Sample) -> list[Generation]:
        assert isinstance(decode, Sample)
        assert (decode.samples, decode.temperature, max_new_tokens) == (1, 0.5, 9)
        return [Generation(self.TABLE[decode.seed - 5][p.number], hit_limit=decode.seed == 6) for p in batch]


def test_the_commonest_of_the_texts_drawn_and_of_equals_the_first() -> None:
    inputs = [Prepared("", 1, truncated=None, number=number) for number in range(3)]
    found = answer_batch(Drawer(), inputs, ["x", "y", "z"], RTE, Sample(0.5, seed=5, samples=4), max_new_tokens=9)
    assert found == [
        Prediction("x", "a", None, hit_limit=False, samples=("a", "b", "b", "a")),  # two of each: a was the first
        Prediction("y", "b", None, hit_limit=False, samples=("b", "b", "c", "c")),
        Prediction("z", "c", None, hit_limit=False, samples=("c", "a", "b", "d")),
    ]
    assert [Prediction.from_line(p.line()) for p in found] == found
    (alone,) = answer_batch(Drawer(), inputs[:1], ["x"], RTE, Sample(0.5, seed=6), max_new_tokens=9)
    assert alone == Prediction("x", "b", None, hit_limit=True)


def test_the_same_answer_in_other_words_is_counted_once() -> None:
    class Talks(Drawer):
        TABLE = (("It is no.",), ("Yes.",), ("no",), ("yes!",), ("No",))

    spec = replace(RTE, filters=("regex:(?i)(yes|no)", "casefold"))
    inputs = [Prepared("", 1, truncated=None, number=0)]
    (found,) = answer_batch(Talks(), inputs, ["x"], spec, Sample(0.5, seed=5, samples=5), max_new_tokens=9)
    assert found.text == "It is no."  # the first of three that say no
    (strict,) = answer_batch(Talks(), inputs, ["x"], RTE, Sample(0.5, seed=5, samples=5), max_new_tokens=9)
    assert strict.text == "It is no."  # all are different: the first
    (two,) = answer_batch(Talks(), inputs, ["x"], spec, Sample(0.5, seed=6, samples=3), max_new_tokens=9)
    assert two.text == "Yes."
