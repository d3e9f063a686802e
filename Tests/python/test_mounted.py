"""Where the application is mounted, on every interpreter: paths that have the root path, and those that lack it."""

ROOT = {"root_path": "/team/app"}


def test_an_environ_has_the_path_without_it(start):
    with start(settings=ROOT) as worker:
        worker.ready()
        for target in ("/team/app/environ", "/environ", "/te%61m/app/environ"):
            lines = worker.get(target).body.decode().splitlines()
            assert "SCRIPT_NAME='/team/app'" in lines and "PATH_INFO='/environ'" in lines
            assert "REQUEST_URI=%r" % target in lines


def test_a_scope_has_the_path_with_it(start_loop):
    # The application looks at the first segment, which is this.
    with start_loop(settings={"root_path": "/scope-text"}) as worker:
        worker.ready()
        for target, path, raw in (
            ("/scope-text/a%20b", "/scope-text/a b", b"/scope-text/a%20b"),
            ("/a%20b", "/scope-text/a b", b"/scope-text/a%20b"),
            ("/scope%2Dtext/a", "/scope-text/a", b"/scope%2Dtext/a"),
            ("/scope-text", "/scope-text", b"/scope-text"),
        ):
            scope = eval(worker.get(target).body)
            assert (scope["root_path"], scope["path"], scope["raw_path"]) == ("/scope-text", path, raw)
