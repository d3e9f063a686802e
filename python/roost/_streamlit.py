"""Streamlit: a plain script is served as ``streamlit run`` would, and settings are those that suit a server.

Nothing here is imported unless the target's source names streamlit.
"""

import ast
import os
import sys
import tokenize

from roost import _frameworks
from roost._loading import CANDIDATES, LoadingError

#: The release with the first `streamlit.App` that other servers can serve.
OLDEST = "1.57"
#: Settings where a server wants another default than a desk. The user's own, from a file or the environment, win.
DEFAULTS = {
    # Files that nobody edits need no inotify watches in each process.
    "server.fileWatcherType": "none",
    "server.headless": True,
    "browser.gatherUsageStats": False,
    # A worker runs the script once before it gets traffic: the first run imports what is slow to import.
    "server.scriptHealthCheckEnabled": True,
    # Visitors get no menu of the developer's.
    "client.toolbarMode": "viewer",
}
# Packages whose objects are applications. What they make, and is called `app` or `server`, is what is to be served.
_SERVED = frozenset(
    """
    aiohttp bottle connexion dash django falcon fastapi flask gradio litestar nicegui panel pyramid quart sanic shiny
    starlette
    """.split()
)
_is_configured = False


class Source:
    """What a module's source says of itself without being run. Everything is False of source that cannot be read."""

    def __init__(self, path):
        #: Whether it is a script for ``streamlit run``, with no application in it.
        self.is_script = False
        #: Whether it makes an `st.App`.
        self.makes_app = False
        #: Whether names could be bound that cannot be seen: ``from x import *``.
        self.has_star = False
        self._names = {}
        try:
            with tokenize.open(path) as file:
                text = file.read()
            if "streamlit" not in text:
                return
            tree = ast.parse(text, path)
        except (OSError, SyntaxError, ValueError, RecursionError):
            # The import will say it better.
            return
        reader = _Reader()
        reader.visit(tree)
        self.has_star = reader.has_star
        self.makes_app = reader.makes_app
        self._names = reader.bound
        imports_it = any(name.partition(".")[0] == "streamlit" for name in reader.imports.values())
        self.is_script = imports_it and not reader.makes_app and not self._has_application(reader)

    def binds(self, name):
        """Whether the module has, or could have, that name once it is imported."""
        return self.has_star or name in self._names

    def _has_application(self, reader):
        candidates = [self._names[name] for name in CANDIDATES if name in self._names]
        if not candidates:
            return False
        if any(reader.package_of(value) in _SERVED for value in self._names.values()):
            return True
        # `server = st.text_input("Server")` is a widget. So is `app` in a script that draws when it is imported,
        # whatever made it: an object with a method `run`, mostly.
        return not reader.draws and any(_could_be_served(value, reader) for value in candidates)


class _Reader(ast.NodeVisitor):
    """Reads the statements that run at import, those in `if`, `try` and `with` included, functions' bodies not."""

    def __init__(self):
        #: By the name they have here, the dotted names of what is imported.
        self.imports = {}
        #: By name, the node that bound it: an expression, a definition, or an import.
        self.bound = {}
        self.has_star = False
        self.makes_app = False
        #: Whether it uses streamlit while it is imported.
        self.draws = False

    def visit_Import(self, node):
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self.imports[name] = alias.name if alias.asname else name
            self.bound[name] = node

    def visit_ImportFrom(self, node):
        for alias in node.names:
            if alias.name == "*":
                self.has_star = True
                continue
            name = alias.asname or alias.name
            self.imports[name] = "%s.%s" % (node.module, alias.name) if node.module and not node.level else "."
            self.bound[name] = node

    def visit_FunctionDef(self, node):
        self.bound[node.name] = node

    visit_AsyncFunctionDef = visit_FunctionDef
    visit_ClassDef = visit_FunctionDef

    def visit_Lambda(self, node):
        pass

    def visit_Assign(self, node):
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.bound[target.id] = node.value
        self.generic_visit(node)

    def visit_AnnAssign(self, node):
        if isinstance(node.target, ast.Name) and node.value is not None:
            self.bound[node.target.id] = node.value
        self.generic_visit(node)

    def visit_Attribute(self, node):
        self._meet(node)

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Load):
            self._meet(node)

    def _meet(self, node):
        name = self.dotted(node)
        if name is None:
            self.generic_visit(node)
        elif name.partition(".")[0] == "streamlit":
            if name.rpartition(".")[2] == "App":
                self.makes_app = True
            elif name != "streamlit":
                self.draws = True

    def dotted(self, node):
        """The full name of what an expression names, such as ``streamlit.App``; None unless it was imported."""
        names = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self.imports:
            return None
        return ".".join([self.imports[node.id], *reversed(names)])

    def package_of(self, node):
        """The package whose function or class is called to make a value; None when that cannot be seen."""
        if not isinstance(node, ast.Call):
            return None
        name = self.dotted(node.func)
        return name.partition(".")[0] if name is not None else None


def _could_be_served(value, reader):
    if isinstance(value, ast.AsyncFunctionDef):
        return True
    if isinstance(value, ast.FunctionDef):
        # `def app():` draws a page; an application takes two arguments or three.
        return len(value.args.args) >= 2 or value.args.vararg is not None
    if isinstance(value, ast.Call):
        return reader.package_of(value) != "streamlit"
    return isinstance(value, (ast.Name, ast.Attribute, ast.Import, ast.ImportFrom))


def script_application(path, settings):
    """The ASGI application of a plain script. Raises LoadingError."""
    app_class = _app_class(path)
    # Its log-in and the cookies of that need to know where it is mounted.
    configure(path, settings, base_path=settings.get("root_path", ""))
    try:
        return app_class(path)
    except Exception as error:
        raise LoadingError(
            "application cannot be made", "streamlit cannot serve %r: %s" % (path, error), None, error
        ) from error


def _app_class(path):
    version = _version("%r is a Streamlit script" % path)
    try:
        from streamlit.starlette import App
    except ImportError:
        import streamlit

        App = getattr(streamlit, "App", None)
    if App is not None:
        return App
    if sys.version_info < (3, 11):
        hint = "Streamlit %s needs Python 3.11 or later: --python with a later one" % OLDEST
    else:
        hint = "%s -m pip install 'streamlit>=%s'" % (sys.executable, OLDEST)
    raise LoadingError(
        "application cannot be served",
        "%r is a Streamlit script, and Streamlit %s (of %s, Python %d.%d) can be served by its own server only; another "
        "can from %s on" % (path, version, sys.executable, *sys.version_info[:2], OLDEST),
        hint,
    )


def _version(what):
    """The version of the streamlit that is installed, which is imported for it. Raises LoadingError."""
    try:
        import streamlit
    except ModuleNotFoundError as error:
        missing = error.name or "streamlit"
        raise LoadingError(
            "application cannot be served",
            "%s, and %r is not installed for %s" % (what, missing, sys.executable),
            "%s -m pip install %s" % (sys.executable, "streamlit" if missing == "streamlit" else missing),
            None if missing == "streamlit" else error,
        ) from error
    except Exception as error:
        raise LoadingError(
            "application cannot be imported", "importing streamlit failed: %s" % error, None, error
        ) from error
    return getattr(streamlit, "__version__", "of an unknown version")


def configure(path, settings, base_path=""):
    """Loads Streamlit's settings as its command line would for the script or launcher `path`. Raises LoadingError.

    That is what reads `STREAMLIT_…` variables: an app under a server other than Streamlit's own does not.
    """
    try:
        from streamlit import config
        from streamlit.web import bootstrap

        # `.streamlit/config.toml` beside it counts too, and an App's relative path begins there.
        if hasattr(config, "_main_script_path"):
            config._main_script_path = path
        bootstrap.load_config_options(_environment_options(path))
        known = config.get_config_options()
        wanted = dict(DEFAULTS)
        if settings.get("secret"):
            # A login cookie that one process has signed is read by all.
            wanted["server.cookieSecret"] = settings["secret"]
        if base_path:
            wanted["server.baseUrlPath"] = base_path.strip("/")
        for name, value in wanted.items():
            if name in known and not config.is_manually_set(name):
                config.set_option(name, value, "roost")
    except LoadingError:
        raise
    except Exception as error:
        raise LoadingError(
            "application cannot be served", "Streamlit's settings cannot be loaded: %s" % error, None, error
        ) from error
    # As `streamlit run` has it.
    sys.argv = [path, *sys.argv[1:]]
    global _is_configured
    _is_configured = True
    if settings.get("worker", 0) == 0:
        for note in _notes(config, settings):
            sys.stderr.write("roost: %s\n" % note)


def configure_late(application, settings):
    """Loads the settings for an `st.App` that came from a module which the target imports. Raises LoadingError.

    An App reads most of them with its first event, so that is early enough for all but where its script is.
    """
    from streamlit import config

    path = getattr(config, "_main_script_path", None)
    if not _is_configured and path and _frameworks.includes(application, "streamlit"):
        configure(path, settings)


def _environment_options(path):
    """The settings in `STREAMLIT_…` variables, read and converted by Streamlit's own command line. Raises LoadingError."""
    import click
    from streamlit.web import cli

    try:
        parameters = cli.main_run.make_context("streamlit run", [path]).params
    except click.ClickException as error:
        raise LoadingError(
            "application cannot be served",
            "Streamlit refuses its settings: %s" % error.format_message(),
            "these come from STREAMLIT_... variables of the environment",
        ) from error
    return {name: value for name, value in parameters.items() if name not in ("target", "args")}


def _notes(config, settings):
    """What the user has set and is ours to do, or does not fit what the front was told."""
    for name, instead in (
        ("server.port", "--bind says where roost listens"),
        ("server.address", "--bind says where roost listens"),
        ("server.sslCertFile", "a proxy in front of roost speaks TLS"),
        ("server.websocketPingInterval", "--ws-ping-interval says how often roost pings"),
        ("server.enableWebsocketCompression", "--ws-compression deflate compresses WebSocket messages"),
    ):
        if _is_set(config, name):
            yield "Streamlit's %s has no effect here: %s" % (name, instead)
    upload = _megabytes(config, "server.maxUploadSize")
    if settings.get("max_body") and upload > settings["max_body"]:
        yield (
            "uploads end at %d MiB (--max-body-bytes), below Streamlit's server.maxUploadSize of %d MB"
            % (settings["max_body"] >> 20, upload >> 20)
        )
    state = _megabytes(config, "server.maxWidgetStateSize")
    if settings.get("max_message") and state > settings["max_message"]:
        yield (
            "messages of a browser end at %d MiB (--ws-max-size), below Streamlit's server.maxWidgetStateSize of %d MB"
            % (settings["max_message"] >> 20, state >> 20)
        )


def _is_set(config, name):
    return name in config.get_config_options() and config.is_manually_set(name)


def _megabytes(config, name):
    """A size that Streamlit counts in megabytes, in bytes; 0 when there is no such setting."""
    value = config.get_option(name) if name in config.get_config_options() else 0
    return int(value) << 20 if isinstance(value, (int, float)) else 0


def warm_up_path():
    """The path that runs the script once for nobody; None when the user has turned it off."""
    from streamlit import config

    if not config.get_option("server.scriptHealthCheckEnabled"):
        return None
    return "%s/_stcore/script-health-check" % base_path()


def base_path():
    """The path below which Streamlit serves its pages by itself, without a slash at its end."""
    from streamlit import config

    base = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return "/" + base if base else ""

