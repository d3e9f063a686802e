"""What the front starts: `python …/roost/_worker.py`. Makes this package importable, and nothing else that is here."""

import importlib.util
import os
import sys


def _adopt_package():
    here = os.path.dirname(os.path.abspath(__file__))
    # Python has put the script's directory first: the user's `import _wsgi` must not find ours.
    if sys.path and sys.path[0] and os.path.abspath(sys.path[0]) == here:
        del sys.path[0]
    # By its path: the environment may hold another version, or none.
    spec = importlib.util.spec_from_file_location(
        "roost", os.path.join(here, "__init__.py"), submodule_search_locations=[here]
    )
    package = importlib.util.module_from_spec(spec)
    sys.modules["roost"] = package
    spec.loader.exec_module(package)


# Not in a child that multiprocessing starts afresh: it imports the main module under another name.
if __name__ == "__main__":
    _adopt_package()
    from roost._life import main

    main()
