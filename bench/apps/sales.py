"""The Dash example of this repository, which fills a list of 150,000 sales when it is imported."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples"))

from sales_dash import server  # noqa: E402, F401
