"""Which host an application answers to, for the request that nobody has sent: the warm-up."""

import sys


def accepted():
    """A name out of Django's ``ALLOWED_HOSTS``; None when any will do, or nobody knows.

    Asked for another, Django writes a traceback (DisallowedHost) into its log at each start.
    """
    try:
        settings = getattr(sys.modules.get("django.conf"), "settings", None)
        if settings is None or not settings.configured:
            return None
        return choice(settings.ALLOWED_HOSTS)
    except Exception:
        # Settings that cannot be read are the application's to complain about.
        return None


def choice(allowed):
    """The name out of a list as Django reads it, where ``.example.com`` stands for a domain and all below it."""
    names = [name.strip() for name in allowed if isinstance(name, str)]
    if "*" in names:
        return None
    for local in ("localhost", "127.0.0.1"):
        if local in names:
            return local
    for name in names:
        name = name[1:] if name.startswith(".") else name
        if name:
            return name
    return None
