"""A classifier of another package adds findings; its failure removes none."""

from __future__ import annotations

import pytest

from transforms.crisis import classifiers
from transforms.crisis.phrases import find_care
from transforms.model import CareFinding

TEXT = "I cannot see any light"


@pytest.fixture
def install(monkeypatch):
    def install(*functions):
        points = tuple((f.__name__, lambda f=f: f) for f in functions)
        monkeypatch.setattr(classifiers, "_installed", lambda: points)

    return install


def broken(_):
    raise RuntimeError("I cannot see any light")


def strange(_):
    return "gloom", "urgent"


def finding(_):
    return "self_harm", "urgent"


@pytest.mark.parametrize("failing", [broken, strange])
def test_failing_classifier_hides_no_finding(install, caplog, failing):
    install(failing)
    assert find_care([TEXT]) is None
    assert find_care(["suicide in Hamlet"]) == CareFinding("self_harm", "unsure")
    assert find_care(["I want to die"]) == CareFinding("self_harm", "urgent")
    assert f"care classifier {failing.__name__} failed" in caplog.text
    assert "light" not in caplog.text


def test_classifier_adds_to_the_lists(install):
    install(broken, finding)
    found = find_care([TEXT])
    assert found
    assert (found.category, found.level) == ("self_harm", "urgent")
