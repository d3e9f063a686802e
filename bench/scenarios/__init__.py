"""The scenarios, in the order of the page. Each has a title, its method in words, `run`, and what it should show; those
that are not about WSGI name the SERVERS they measure."""

from . import asgi, hello, memory, mix, overload, pages, preload, refusals, reruns, sleep50, sockets, start, websocket

ALL = dict(
    hello=hello, mix=mix, sleep50=sleep50, memory=memory, preload=preload, start=start, overload=overload,
    refusals=refusals, asgi=asgi, websocket=websocket, sockets=sockets, pages=pages, reruns=reruns,
)
