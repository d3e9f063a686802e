"""`streamlit run` in the place of the server under test: what it fails, the test has wrong.

    ROOST_TEST_STREAMLIT_RUN=1 python -m pytest Tests/acceptance/test_streamlit.py
"""

import subprocess
import sys

from client import eventually, get
from server import clean_environment, free_port


class StreamlitRun:
    """One process; what needs more of them, or a control plane, is skipped."""

    def __init__(self, directory, script, **environment):
        directory.mkdir(parents=True, exist_ok=True)
        self.address = ("127.0.0.1", free_port())
        self.log_path = directory / "log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(self.address[1]),
                 "--server.address", "127.0.0.1", "--server.headless", "true", "--server.fileWatcherType", "none",
                 "--browser.gatherUsageStats", "false", "--server.scriptHealthCheckEnabled", "true"],
                cwd=directory,
                env=clean_environment(**environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        eventually(self._is_healthy, "streamlit run got ready", 120)

    def _is_healthy(self):
        assert self.process.poll() is None, self.log()
        try:
            return get(self.address, "/_stcore/health", timeout=5).status == 200
        except OSError:
            return False

    def log(self):
        return self.log_path.read_text(errors="replace")

    def end(self):
        self.process.terminate()
        self.process.wait(30)
