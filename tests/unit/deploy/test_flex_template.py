"""The template's metadata matches the settings and accepts only valid values."""

from __future__ import annotations

import re

import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.reference import flex_template
from pipeline.settings import BY_NAME, SETTINGS
from pipeline.settings.beam_options import VividlyOptions
from tests.every_row import for_all

PARAMETERS = {p["name"]: p for p in flex_template.metadata()["parameters"]}
OURS = {s.dest: s for s in SETTINGS if s.dest in PARAMETERS}


def test_template_file_is_up_to_date():
    assert flex_template.FILE.read_text(encoding="utf-8") == flex_template.text(), "run `make docs`"


def test_every_graph_setting_is_a_parameter():
    graph = {name for name in VividlyOptions.__dict__ if name in PARAMETERS}
    graph |= {s.dest for s in SETTINGS if s.graph}
    assert graph <= set(PARAMETERS)


@for_all(PARAMETERS)
def test_parameter_is_explained_and_grouped(parameter):
    for field in ("name", "label", "helpText", "groupName"):
        assert parameter[field]
    assert isinstance(parameter["isOptional"], bool)


@for_all(PARAMETERS)
def test_default_value_matches_its_pattern(parameter):
    if "defaultValue" in parameter:
        assert parameter["isOptional"]
        for pattern in parameter.get("regexes", []):
            assert re.match(pattern, parameter["defaultValue"])


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("projects/p/secrets/database-url", True),
        ("postgresql://worker@/vividly?instance=p:r:i", True),
        ("postgresql://worker:secret@10.0.0.5/vividly", False),
        ("mysql://worker@10.0.0.5/vividly", False),
    ],
)
def test_database_is_given_without_password(text, accepted):
    [pattern] = PARAMETERS["database"]["regexes"]
    assert bool(re.match(pattern, text)) == accepted
    if accepted:
        OURS["database"].read(text)


# The pattern of the database only keeps passwords out; the launcher reads the rest.
@pytest.mark.parametrize("name", sorted(OURS.keys() - {"database"}))
def test_setting_accepts_text_matching_its_pattern(name):
    for pattern in PARAMETERS[name].get("regexes", []):

        @settings(max_examples=30)
        @given(st.from_regex(pattern.replace("$", r"\Z"), alphabet=st.characters(codec="ascii")))
        def check(text):
            OURS[name].read(text)

        check()


@for_all(sorted(PARAMETERS.keys() - OURS.keys()))
def test_other_parameters_are_beam_options(name):
    assert name in PipelineOptions([]).get_all_options()


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("subscription", "projects/p-1/subscriptions/content-requests", "content-requests"),
        ("database", "projects/p-1/secrets/db/versions/latest", "postgresql://a:pw@h/db"),
        ("database", "projects/p-1/secrets/db", "db"),
        ("database", "postgresql://me%40p.iam@10.0.0.5/db", "postgresql://me:@10.0.0.5/db"),
        ("database", "postgresql://me%40p.iam@/db?instance=p:r:i", "postgresql:///db"),
        ("artifacts", "gs://lessons/prefix", "/var/lessons"),
        ("dead_letter_topic", "projects/p/topics/t", "t"),
        ("script_timeout", "90.5", "-1"),
        ("max_tries", "5", "0"),
        ("video_size", "1920x1080", "1x1"),
        ("sdk_container_image", "us-docker.pkg.dev/p/r/vividly:v1", "vividly"),
    ],
)
def test_pattern_accepts_valid_values_only(name, good, bad):
    [pattern] = PARAMETERS[name]["regexes"]
    assert re.match(pattern, good)
    assert not re.match(pattern, bad)


def test_secret_parameter_refuses_plain_value():
    for name, setting in OURS.items():
        if setting.secret:
            [pattern] = PARAMETERS[name]["regexes"]
            assert not re.match(pattern, "postgresql://ann:s3cret@db.example/lessons")
            assert "defaultValue" not in PARAMETERS[name]


def test_production_engines_are_known_ones():
    for name, engine in flex_template.PRODUCTION.items():
        assert engine in BY_NAME[name].choices
