"""An ASGI app for bench/compression.py: `send KIND SIZE COUNT` sends messages; any other is counted until `end`."""

import json
import random


def sample(kind, size):
    """A text of `size` bytes as dashboards send it: rows of a table, or a list of numbers."""
    made = random.Random(1)
    if kind == "numbers":
        return json.dumps([made.gauss(0, 1) for _ in range(size // 10)])[:size]
    row = lambda n: {"id": n, "region": made.choice(["north", "south"]), "sales": round(made.random() * 1000, 2), "time": n * 17}
    return json.dumps([row(n) for n in range(size // 40)])[:size]


async def app(scope, receive, send):
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    count = 0
    while (message := await receive())["type"] == "websocket.receive":
        words = message["text"][:64].split()
        if words[0] == "send":
            text = sample(words[1], int(words[2]))
            for _ in range(int(words[3])):
                await send({"type": "websocket.send", "text": text})
        elif words[0] == "end":
            await send({"type": "websocket.send", "text": str(count)})
        else:
            count += 1
