"""Package metadata of t5eval; tool configuration lives in pyproject.toml."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
REPOSITORY = "https://github.com/t5eval/t5eval"
VERSION = re.search('^__version__ = "(.+)"$', (HERE / "t5eval/support/version.py").read_text("utf-8"), re.MULTILINE)[1]
# On the package index a link into the repository needs the repository's address before it, and a picture its file's.
README = (HERE / "README.md").read_text("utf-8")
README = re.sub(r"(!\[[^]]*\])\((?!https?://)", rf"\1({REPOSITORY}/raw/v{VERSION}/", README)
README = re.sub(r"\]\((?!https?://|#)", f"]({REPOSITORY}/blob/v{VERSION}/", README)

# TensorFlow 2.21 has wheels for Python up to 3.13; what runs no model has no such bound.
TENSORFLOW = 'tensorflow>=2.19,<2.22; python_version < "3.14"'
# KerasHub's old name: it brings keras-hub and holds nothing itself, so that both names import.
KERAS_HUB = "keras-nlp>=0.21"
KERAS = [
    TENSORFLOW,
    "tensorboard>=2.19",  # tf.summary writes through it; TensorFlow does not install it
    "keras>=3.12,<4",  # `accumulate` fails before
    KERAS_HUB,
    "h5py>=3.11",
    "safetensors>=0.4",
    "huggingface_hub>=0.24",
    "tokenizers>=0.20",  # vocabularies that are no SentencePiece model
]
# TensorFlow's build for TPUs ends at this version, and a newer libtpu ends the process when it is imported. It takes
# the place of `tensorflow`, so what asks for that, KerasHub through tensorflow-text, is not here.
TPU = [
    "tensorflow-tpu==2.20.0",
    "libtpu==0.0.21",
    *(name for name in KERAS if name not in (TENSORFLOW, KERAS_HUB)),
]
# TensorFlow Datasets reads its files with TensorFlow, and names neither it nor importlib_resources.
TFDS = ["tensorflow-datasets>=4.9.4", "importlib_resources>=6", TENSORFLOW]
CONVERT = ["tensorstore>=0.1.64"]  # T5X's folders of zarr arrays
BEAM = ["apache-beam>=2.65", "safetensors>=0.4"]  # --runner; asks for protobuf below 7
DASK = ["apache-beam[dask]>=2.77"]  # --runner dask
# From these versions on, none runs code that a file of a model or a dataset holds.
HF = ["torch>=2.6", "transformers>=4.56", "datasets>=4"]
# A request takes a fifth of the processor time that one of httpx2 takes; httpx searches all connections for each.
SERVE = ["aiohttp>=3.12"]
TEXT = ["langdetect>=1.0.9", "warcio>=1.7.4", "nltk>=3.9"]  # t5eval data clean
WANDB = ["wandb>=0.18"]  # --wandb of train and evaluate
MLFLOW = ["mlflow-skinny>=2.16"]  # --mlflow of train and evaluate
HUB = ["huggingface_hub>=1.4"]  # t5eval report --hub-card
PANDAS = ["pandas>=2"]  # to_pandas() of results
DEV = [
    *PANDAS,
    *SERVE,
    *TEXT,
    "pytest>=8",
    "pytest-xdist>=3.6",
    "hypothesis>=6.100",
    "ruff>=0.8",
    "import-linter>=2.9",  # `make lint`
    "mypy>=1.13",
    "build>=1.2",
    "twine>=6",
    "types-setuptools",
    "msgpack>=1",
    "axe-core-python>=0.1",  # accessibility of the explorer's pages
]

setup(
    name="t5eval",
    version=VERSION,
    description="Score text-to-text models on GLUE, SuperGLUE, SQuAD, CNN/DM and WMT exactly as the benchmarks do",
    long_description=README,
    long_description_content_type="text/markdown",
    author="The t5eval developers",
    url=REPOSITORY,
    project_urls={
        "Documentation": f"{REPOSITORY}/tree/main/docs",
        "Changes": f"{REPOSITORY}/blob/main/CHANGELOG.md",
        "Issues": f"{REPOSITORY}/issues",
    },
    keywords=["T5", "GLUE", "SuperGLUE", "SQuAD", "WMT", "evaluation", "benchmark", "text-to-text", "Keras"],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Science/Research",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Text Processing :: Linguistic",
        "Typing :: Typed",
    ],
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    packages=find_packages(include=["task_specs*", "t5eval*", "keras_model*", "leaderboards*"]),
    package_data={
        "task_specs": ["py.typed", "prompts/*.toml"],
        "t5eval": [
            "py.typed",
            "demo/suite/**/*",
            "reports/explorer/page/*",
            "reports/explorer/page/vendor/*",
            "runs/schema/*.json",
        ],
        "keras_model": ["py.typed"],
        "leaderboards": ["py.typed"],
    },
    install_requires=[
        "numpy>=1.26",
        "scipy>=1.11",
        "scikit-learn>=1.4",
        "sacrebleu>=2.4",
        "regex>=2023.12",  # words of every script; sacrebleu needs it too
        "rouge-score>=0.1.2",
        "httpx2>=2.0",  # t5eval data get
        # The same numbers to the last bit, a hundred times faster; young, hence pinned. rouge-score does without it.
        "rouge-score-rs==0.2.1",
        "sentencepiece>=0.2",
        "click>=8.2",
        "rich>=13",
        "jinja2>=3.1",
        "pyyaml>=6",  # prompts in files of promptsource's
        "tomli-w>=1.0",
        "packaging>=23",
        "filelock>=3.30",
        "jsonschema>=4.18",  # results.json is read by its published schema
    ],
    extras_require={
        "keras": KERAS,
        "tpu": TPU,
        "tfds": TFDS,
        "hf": HF,
        "convert": CONVERT,
        "beam": BEAM,
        "dask": BEAM + DASK,
        "dev": DEV,
        "pandas": PANDAS,
        "wandb": WANDB,
        "mlflow": MLFLOW,
        "hub": HUB,
        "serve": SERVE,
        "text": TEXT,
        "all": KERAS + TFDS + HF + CONVERT + BEAM + PANDAS + WANDB + MLFLOW + HUB + SERVE + TEXT,
    },
    entry_points={"console_scripts": ["t5eval=t5eval.__main__:main"]},
)
