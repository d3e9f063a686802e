"""An application whose import ends when the gate `import` opens."""

import os
import time

from probe import DIRECTORY, app  # noqa: F401

while not os.path.exists(os.path.join(DIRECTORY, "open-import")):
    time.sleep(0.01)
