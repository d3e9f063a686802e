"""The scenarios, in the order of the page. Each has a title, its method in words, `run`, and what it should show."""

from . import hello, mix, sleep50, memory, preload, start, overload, refusals

ALL = dict(
    hello=hello, mix=mix, sleep50=sleep50, memory=memory, preload=preload, start=start, overload=overload,
    refusals=refusals,
)
