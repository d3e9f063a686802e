"""Roost's own row of the fault table: each promise is a test. The peers are not asked here, see run.py.

Some faults are watched half as long as for the table, unless FAULTS_FULL is set.
"""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from fault import FAULTS, play  # noqa: E402
import catalogue  # noqa: E402, F401


@pytest.mark.parametrize("name", FAULTS)
def test_roost_keeps_its_promise(name):
    seen = play(FAULTS[name], "roost", is_quick="FAULTS_FULL" not in os.environ)
    if seen.passed is None:
        pytest.skip(seen.text)
    assert seen.passed, f"{FAULTS[name].title}: promised: {FAULTS[name].promise}; seen: {seen.text}"
