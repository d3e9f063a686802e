"""What a process that the application forks off a worker must not inherit."""

import os
import signal


def guard(native, replaced):
    """Makes every child that is forked from now on a process of the application's own.

    The library lets go of the front there. `replaced` has, by signal, our handler and the one that a child gets back
    unless the application has set its own meanwhile: a child that is terminated must not do what we would.
    """

    def in_child():
        native.forked()
        # A pipe that is shared with the parent, whoever made it: a child's signals would wake the parent.
        signal.set_wakeup_fd(-1)
        for number, (ours, theirs) in replaced.items():
            if signal.getsignal(number) == ours:
                signal.signal(number, theirs)

    os.register_at_fork(after_in_child=in_child)


def close_in_child(loop):
    """Keeps children from waiting on what this event loop waits on: they would take its events away.

    uvloop has its own way.
    """
    selector = getattr(loop, "_selector", None)
    if selector is not None:
        os.register_at_fork(after_in_child=selector.close)
