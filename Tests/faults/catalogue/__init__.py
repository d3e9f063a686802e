"""All faults, in the order of the table."""

from . import crashes, hangs, boot, reloads, stopping, slow_clients, limits, errors, queue, logs  # noqa: F401, I001
