"""The kinds that a row's parts come in, each by the `kind` that chooses it. A new kind is a class named here."""

from task_specs.answers.candidate import Candidate
from task_specs.answers.labels import Label, Number, Referent, Text
from task_specs.answers.squad import ContextSpan, OptionalContextSpan, WordSpan
from task_specs.sources.dpr import PronounBlocks
from task_specs.sources.json_document import JsonDocument
from task_specs.sources.json_lines import JsonLines, MultiRcLines, RecordLines, WscLines
from task_specs.sources.language_files import LanguageFiles
from task_specs.sources.parallel import ParallelText
from task_specs.sources.squad import SquadJson
from task_specs.sources.summaries import Stories
from task_specs.sources.tsv import Csv, Tsv
from task_specs.submission_files.json_lines import JsonClassFile, JsonTextFile, MultiRcFile
from task_specs.submission_files.squad import AnswersFile
from task_specs.submission_files.texts import TextFile
from task_specs.submission_files.values import ClassFile, NumberFile
from task_specs.texts.fields import Fields
from task_specs.texts.instructed import Instructed
from task_specs.texts.referents import DprReferent, WscReferent
from task_specs.texts.squad import SquadQuestion
from task_specs.texts.super_glue import MultiRc, Record, RenamedFields
from task_specs.texts.template import Template
from task_specs.texts.wnli import WnliReferent

SOURCES: tuple[type, ...] = (
    Tsv,
    Csv,
    JsonLines,
    WscLines,
    MultiRcLines,
    RecordLines,
    JsonDocument,
    PronounBlocks,
    SquadJson,
    ParallelText,
    LanguageFiles,
    Stories,
)
TEXT_FORMATS: tuple[type, ...] = (
    Fields,
    WnliReferent,
    RenamedFields,
    MultiRc,
    Record,
    WscReferent,
    DprReferent,
    SquadQuestion,
    Instructed,
    Template,
)
ANSWERS: tuple[type, ...] = (Label, Number, Referent, Text, Candidate, ContextSpan, OptionalContextSpan, WordSpan)
SUBMISSION_FILES: tuple[type, ...] = (
    ClassFile,
    NumberFile,
    JsonClassFile,
    JsonTextFile,
    MultiRcFile,
    AnswersFile,
    TextFile,
)

KINDS: dict[str, dict[str, type]] = {
    part: {getattr(cls, "kind"): cls for cls in classes}  # noqa: B009
    for part, classes in (
        ("source", SOURCES),
        ("text", TEXT_FORMATS),
        ("answer", ANSWERS),
        ("submission", SUBMISSION_FILES),
    )
}
"""Part of a row to its kinds; plugins add theirs (`schema.register_kind`)."""
