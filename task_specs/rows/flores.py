"""FLORES-200 (NLLB Team et al. 2022) in T5's text format: one row for every pair of its languages.

A name is `flores200/SOURCE-TARGET`, by FLORES' own codes, such as `flores200/eng_Latn-deu_Latn`; the row is made when
it is asked for.
"""

from collections.abc import Iterator

from task_specs.answers.labels import Text
from task_specs.sources.download import Download
from task_specs.sources.language_files import LanguageFiles
from task_specs.spec import Decode, Lengths, TaskSpec
from task_specs.texts.instructed import Instructed

PREFIX = "flores200/"
# The larger ones of the 204 languages, by the names that a model is asked with.
LANGUAGES = {
    "afr_Latn": "Afrikaans", "amh_Ethi": "Amharic", "arb_Arab": "Arabic", "asm_Beng": "Assamese",
    "azj_Latn": "Azerbaijani", "bel_Cyrl": "Belarusian", "ben_Beng": "Bengali", "bos_Latn": "Bosnian",
    "bul_Cyrl": "Bulgarian", "cat_Latn": "Catalan", "ces_Latn": "Czech", "cym_Latn": "Welsh", "dan_Latn": "Danish",
    "deu_Latn": "German", "ell_Grek": "Greek", "eng_Latn": "English", "epo_Latn": "Esperanto", "est_Latn": "Estonian",
    "eus_Latn": "Basque", "fin_Latn": "Finnish", "fra_Latn": "French", "gle_Latn": "Irish", "glg_Latn": "Galician",
    "guj_Gujr": "Gujarati", "hau_Latn": "Hausa", "heb_Hebr": "Hebrew", "hin_Deva": "Hindi", "hrv_Latn": "Croatian",
    "hun_Latn": "Hungarian", "hye_Armn": "Armenian", "ibo_Latn": "Igbo", "ind_Latn": "Indonesian",
    "isl_Latn": "Icelandic", "ita_Latn": "Italian", "jav_Latn": "Javanese", "jpn_Jpan": "Japanese",
    "kan_Knda": "Kannada", "kat_Geor": "Georgian", "kaz_Cyrl": "Kazakh", "khm_Khmr": "Khmer", "kor_Hang": "Korean",
    "kir_Cyrl": "Kyrgyz", "lao_Laoo": "Lao", "lit_Latn": "Lithuanian", "ltz_Latn": "Luxembourgish",
    "lvs_Latn": "Latvian", "mal_Mlym": "Malayalam", "mar_Deva": "Marathi", "mkd_Cyrl": "Macedonian",
    "mlt_Latn": "Maltese", "mya_Mymr": "Burmese", "nld_Latn": "Dutch", "nob_Latn": "Norwegian", "npi_Deva": "Nepali",
    "pan_Guru": "Punjabi", "pbt_Arab": "Pashto", "pes_Arab": "Persian", "pol_Latn": "Polish",
    "por_Latn": "Portuguese", "ron_Latn": "Romanian", "rus_Cyrl": "Russian", "slk_Latn": "Slovak",
    "slv_Latn": "Slovenian", "som_Latn": "Somali", "spa_Latn": "Spanish", "srp_Cyrl": "Serbian",
    "swe_Latn": "Swedish", "swh_Latn": "Swahili", "tam_Taml": "Tamil", "tel_Telu": "Telugu", "tgl_Latn": "Tagalog",
    "tha_Thai": "Thai", "tur_Latn": "Turkish", "ukr_Cyrl": "Ukrainian", "urd_Arab": "Urdu", "uzn_Latn": "Uzbek",
    "vie_Latn": "Vietnamese", "xho_Latn": "Xhosa", "yor_Latn": "Yoruba", "zho_Hans": "Chinese",
    "zho_Hant": "Traditional Chinese", "zsm_Latn": "Malay", "zul_Latn": "Zulu",
}  # fmt: skip
# sacrebleu's own choice for these languages; for the others it is 13a.
TOKENIZERS = {"zho_Hans": "zh", "zho_Hant": "zh", "jpn_Jpan": "ja-mecab", "kor_Hang": "ko-mecab"}
DOWNLOADS = (
    Download(
        "https://dl.fbaipublicfiles.com/nllb/flores200_dataset.tar.gz",
        "flores200",
        ("flores200_dataset/dev/*.dev", "flores200_dataset/devtest/*.devtest"),
        terms="FLORES-200: CC BY-SA 4.0",
        folders_of="flores200_dataset",
    ),
)


def make(name: str) -> TaskSpec | None:
    """Returns the row of a pair, None if the name is of no pair of languages that stand here."""
    source, _, target = name.removeprefix(PREFIX).partition("-")
    if not name.startswith(PREFIX) or source == target or not {source, target} <= LANGUAGES.keys():
        return None
    return TaskSpec(
        name=name,
        benchmark="flores200",
        source=LanguageFiles(
            "flores200",
            source,
            target,
            {"validation": "dev/{language}.dev", "test": "devtest/{language}.devtest"},
        ),
        text=Instructed(f"translate {LANGUAGES[source]} to {LANGUAGES[target]}:", source),
        answer=Text(target, tokenizer=TOKENIZERS.get(target, "")),
        metrics=("chrf++", "bleu"),
        sizes={"validation": 997, "test": 1012},
        downloads=DOWNLOADS,
        lengths=Lengths(inputs=512, targets=512),
        decode=Decode("beam", beam_size=4, alpha=0.6),
        note="validation is FLORES' dev, test its devtest, which is labelled; spBLEU is `score --tokenize flores200`",
    )


def names() -> Iterator[str]:
    """Yields the name of every pair."""
    return (f"{PREFIX}{source}-{target}" for source in LANGUAGES for target in LANGUAGES if source != target)
