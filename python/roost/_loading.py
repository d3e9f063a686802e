"""Finding the application that a target names, and saying clearly why it was not found."""

import ast
import collections
import difflib
import errno
import importlib
import importlib.util
import inspect
import os
import sys
import traceback

from roost import _interfaces, _patches, _wsgi

CANDIDATES = ("application", "app", "server")
#: An application, how it is called, and how many seconds its import took.
Loaded = collections.namedtuple("Loaded", "application interface seconds")
_HERE = os.path.dirname(os.path.abspath(__file__))


class LoadingError(Exception):
    """The application cannot be served. Rendered by the front as a tree."""

    def __init__(self, title, reason, hint=None, cause=None, traceback_text=None):
        super().__init__(reason)
        self.title = title
        self.reason = reason
        self.hint = hint
        self.cause = cause
        self._traceback_text = traceback_text

    def message(self):
        """What the front is told. Bounded: a message is at most 64 KiB."""
        text = _traceback_text(self.cause) if self.cause is not None else self._traceback_text or ""
        return {
            "type": "failed",
            "title": self.title,
            "reason": self.reason[:2000],
            "traceback": text if len(text) <= 24_000 else text[:8_000] + "\n[...]\n" + text[-16_000:],
            "hint": (self.hint or "")[:2000],
        }


def load(target, app_dir, settings):
    """The application that `target` names, such as ``shop.wsgi:app``, and how it is called. Raises LoadingError.

    How it is called is what ``settings["interface"]`` says, and found out where that is ``auto`` or not there.

    Returns in this process only: a child that the application forks while it is imported, and lets go on, ends here.
    """
    process = os.getpid()
    try:
        found = _load(target, app_dir, settings)
    except LoadingError as error:
        if os.getpid() != process:
            _wsgi.leave_child(error if error.cause is None else error.cause)
        raise
    if os.getpid() != process:
        _wsgi.leave_child(None)
    return found


def _load(target, app_dir, settings):
    interface = settings.get("interface") or "auto"
    started_in = app_dir
    module_name, expression, app_dir = _split(target, app_dir)
    script = _streamlit_script(module_name, expression, app_dir, started_in, settings)
    if script is not None:
        return script, _interfaces.ASGI
    module = _import(module_name, app_dir)
    if expression is None:
        found, name = _candidate(module, module_name)
    else:
        found, name = _evaluate(expression, module, module_name), expression
    application, interface = _application(found, name, module, module_name, interface)
    _patches.refuse(interface)
    if "streamlit" in sys.modules:
        from roost import _streamlit

        _streamlit.configure_late(application, settings)
    return application, interface


def _streamlit_script(module_name, expression, app_dir, started_in, settings):
    """The ASGI application that serves the module if it is a Streamlit script, which must not be imported; or None.

    For a module that uses Streamlit in another way, loads its settings: they have to be there before the import.
    """
    path = os.path.join(app_dir, *module_name.split(".")) + ".py"
    if not _mentions_streamlit(path):
        return None
    from roost import _streamlit

    path = os.path.abspath(path)
    source = _streamlit.Source(path)
    if source.makes_app and importlib.util.find_spec("streamlit") is not None:
        _streamlit.configure(path, settings)
    if not source.is_script:
        return None
    if expression is not None and not source.binds(expression.partition(".")[0].partition("(")[0]):
        raise LoadingError(
            "application not found",
            "%r is a Streamlit script: it has no %s" % (path, expression),
            "roost serve %s" % os.path.relpath(path, started_in),
        )
    if expression is not None:
        return None
    if settings.get("interface") == "wsgi":
        raise LoadingError(
            "application cannot be served",
            "%r is a Streamlit script, which is served as ASGI, and --interface says wsgi" % path,
            "leave --interface out: it is found out",
        )
    return _streamlit.script_application(path, settings)


def _mentions_streamlit(path):
    """Whether there is such a file with that word: reading on is for those only."""
    try:
        with open(path, "rb") as file:
            return b"streamlit" in file.read()
    except OSError:
        return False


def _split(target, app_dir):
    """Module name, expression or None, and the directory where the module is looked for."""
    place, colon, expression = _parts(target)
    if place.endswith(".py") or "/" in place:
        path = os.path.join(app_dir, place)
        if not os.path.isfile(path):
            places = [path]
            beside = os.path.relpath(place)
            if os.path.isabs(place) and not beside.startswith(os.pardir):
                # The front has looked in both.
                places += [other for other in [os.path.join(app_dir, beside)] if other != path]
            reason = "there is no file %s" % ", nor ".join(map(repr, places))
            raise LoadingError("application not found", reason, _scripts_hint(places[-1]))
        app_dir, file_name = os.path.split(os.path.abspath(path))
        place = file_name[:-3] if file_name.endswith(".py") else file_name
        if app_dir not in sys.path:
            sys.path.insert(0, app_dir)
    if not place or (colon and not expression.strip()):
        raise LoadingError(
            "application not found",
            "%r names no application" % target,
            "write MODULE:NAME, for example shop.wsgi:app",
        )
    return place, expression.strip() if colon else None, app_dir


def _parts(target):
    """The target before its colon, the colon or nothing, and what follows. A call's arguments may have colons too."""
    if target.endswith(")"):
        head, bracket, arguments = target.partition("(")
        place, colon, name = head.rpartition(":")
        if colon:
            return place, colon, name + bracket + arguments
    place, colon, name = target.rpartition(":")
    return (place, colon, name) if colon else (target, "", "")


def _import(name, app_dir):
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(error.name + ".")):
            raise LoadingError(
                "application not found",
                "there is no module %r in %s, nor elsewhere on the path of Python" % (error.name, app_dir),
                _files_hint(app_dir, error.name),
                None,
            ) from error
        raise LoadingError(
            "application cannot be imported",
            "importing %r failed: %s" % (name, line_of(error)),
            "install %r into the environment of %s" % (error.name, sys.executable) if error.name else None,
            error,
        ) from error
    except SystemExit as error:
        raise LoadingError(
            "application cannot be imported",
            "the module %r ended the process while it was imported (SystemExit: %s)" % (name, error.code),
            "what starts a server or parses arguments belongs under: if __name__ == '__main__'",
            error,
        ) from error
    except BaseException as error:
        is_taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        raise LoadingError(
            "application cannot be imported",
            "importing %r failed: %s" % (name, line_of(error)),
            # Another worker has it, most likely, which does the same.
            "what listens on a port belongs under: if __name__ == '__main__'" if is_taken else None,
            error,
        ) from error


def _candidate(module, module_name):
    for name in CANDIDATES:
        if hasattr(module, name):
            return getattr(module, name), name
    raise LoadingError(
        "application not found",
        "module %r has none of %s%s" % (module_name, ", ".join(CANDIDATES), _has(module)),
        _attribute_hint(module, module_name, "app"),
    )


def _evaluate(expression, module, module_name):
    """The value of ``name``, ``name.name`` or ``name(literals)``."""
    wrong = LoadingError(
        "application not found",
        "%r is not the name of an application, nor a call of a factory with literal arguments" % expression,
        "write %s:app, %s:create_app() or %s:create_app('prod', debug=False)" % (module_name, module_name, module_name),
    )
    try:
        node = ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise wrong from None
    call = node if isinstance(node, ast.Call) else None
    if call is not None and any(argument.arg is None for argument in call.keywords):
        raise wrong
    names = []
    node = call.func if call is not None else node
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        raise wrong
    names.append(node.id)
    value = module
    for name in reversed(names):
        try:
            value = getattr(value, name)
        except AttributeError as error:
            raise LoadingError(
                "application not found",
                "module %r has no attribute %r%s" % (module_name, expression, _has(module)),
                _attribute_hint(module, module_name, name),
            ) from error
    if call is None:
        return value
    try:
        positional = [ast.literal_eval(argument) for argument in call.args]
        named = {argument.arg: ast.literal_eval(argument.value) for argument in call.keywords}
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise wrong from None
    try:
        return value(*positional, **named)
    except BaseException as error:
        raise LoadingError(
            "application cannot be made",
            "the factory %s:%s failed: %s" % (module_name, expression, line_of(error)),
            None,
            error,
        ) from error


def _with_article(noun):
    """The noun with the article that it takes: an int, a dict."""
    return "%s %s" % ("an" if noun[:1].lower() in tuple("aeiou") else "a", noun)


def _application(found, name, module, module_name, wanted):
    """`found` if it is an application, or the one that it carries, as a Dash object carries its Flask; and how it is
    called."""
    found = _interfaces.carried(found)
    if not callable(found):
        raise LoadingError(
            "application cannot be served",
            "%s:%s is %s, which cannot be called" % (module_name, name, _with_article(type(found).__name__)),
            _attribute_hint(module, module_name, name),
        )
    if inspect.isfunction(found) and not inspect.signature(found).parameters:
        raise LoadingError(
            "application cannot be served",
            "%s:%s takes no arguments: it looks like a factory" % (module_name, name),
            "roost serve '%s:%s()'" % (module_name, name),
        )
    interface = _interfaces.interface_of(found)
    if wanted == "wsgi" and interface == "asgi":
        raise LoadingError(
            "application cannot be served",
            "%s:%s is asynchronous (ASGI), and --interface says wsgi" % (module_name, name),
            "leave --interface out: it is found out",
        )
    if wanted == "asgi" or (wanted == "auto" and interface == "asgi"):
        return _interfaces.as_single(found) if _interfaces.is_double(found) else found, "asgi"
    return found, "wsgi"


def _public_names(module):
    """What a user may have meant: callables and objects made in the module, no classes from elsewhere, no modules."""
    names = []
    for name, value in vars(module).items():
        if name.startswith("_") or inspect.ismodule(value) or inspect.isclass(value):
            continue
        if callable(value) and getattr(value, "__module__", module.__name__) != module.__name__:
            if inspect.isroutine(value):
                continue
        if callable(value) or hasattr(value, "server"):
            names.append(name)
    return names


def _has(module):
    names = _public_names(module)
    return " (it has: %s)" % ", ".join(names[:12]) if names else " (it defines nothing that could be one)"


def _attribute_hint(module, module_name, wanted):
    names = [name for name in _public_names(module) if name != wanted]
    close = difflib.get_close_matches(wanted, names, 1, 0.5)
    # What frameworks make, before functions.
    objects = [name for name in names if not inspect.isroutine(getattr(module, name))]
    factories = [name for name in names if name.startswith(("create", "make", "get_", "build"))]
    if close and not inspect.isroutine(getattr(module, close[0])):
        return "roost serve %s:%s" % (module_name, close[0])
    if objects:
        return "roost serve %s:%s" % (module_name, objects[0])
    if factories:
        return "roost serve '%s:%s()'" % (module_name, factories[0])
    if close:
        return "roost serve %s:%s" % (module_name, close[0])
    return None


def _files_hint(app_dir, wanted=None):
    try:
        entries = sorted(os.listdir(app_dir))
    except OSError as error:
        return "--app-dir %s: %s" % (app_dir, error.strerror)
    modules = [entry[:-3] for entry in entries if entry.endswith(".py")]
    modules += [entry for entry in entries if os.path.isfile(os.path.join(app_dir, entry, "__init__.py"))]
    if not modules:
        return "%s has no Python modules; --app-dir DIR names the directory to look in" % app_dir
    close = difflib.get_close_matches(wanted, modules, 1) if wanted else []
    if close:
        return "did you mean %s?" % close[0]
    return "%s has: %s" % (app_dir, ", ".join(modules[:12]))


def _scripts_hint(path):
    """What there is in the place of a file that is not there."""
    directory, name = os.path.split(path)
    try:
        files = sorted(entry for entry in os.listdir(directory) if entry.endswith(".py"))
    except OSError as error:
        return "%s: %s" % (directory, error.strerror)
    close = difflib.get_close_matches(name[:-3], [file[:-3] for file in files], 1)
    if close:
        return "did you mean %s.py?" % close[0]
    if not files:
        return "%s has no Python files; --app-dir DIR names the directory that the path begins in" % directory
    return "%s has: %s" % (directory, ", ".join(files[:12]))


def line_of(error):
    text = str(error).strip().splitlines()
    return "%s: %s" % (type(error).__name__, text[0]) if text else type(error).__name__


def _traceback_text(error):
    """The traceback without our own frames and the import system's, which say nothing about the application."""
    place = error.__traceback__
    while place is not None:
        file = place.tb_frame.f_code.co_filename
        if not (file.startswith("<frozen importlib") or os.path.dirname(os.path.abspath(file)) == _HERE):
            if not file.endswith(os.path.join("importlib", "__init__.py")):
                break
        place = place.tb_next
    return "".join(traceback.format_exception(type(error), error, place, chain=True)).rstrip()
