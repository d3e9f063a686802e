"""A dashboard with every kind of work that a Dash app gives its server.

    roost serve sales_dash:server --app-dir examples

| callback or route  | work                                                                | bound by        |
| ------------------ | ------------------------------------------------------------------- | --------------- |
| ``draw_revenue``   | adds up and ranks 150,000 sales in Python, holding the GIL (~0.1 s) | one CPU         |
| ``list_orders``    | reads SQLite, then waits 250 ms as for a slow database              | waiting         |
| ``greet``          | formats one sentence                                                | nothing         |
| ``/export.csv``    | streams every order, about 1.6 MB of a length not known before      | the client      |

More threads help ``list_orders``, more processes help ``draw_revenue``, neither helps ``greet``.
"""

import atexit
import datetime
import os
import random
import shutil
import sqlite3
import tempfile
import time
from contextlib import closing

import flask
from dash import Dash, Input, Output, dash_table, dcc, html

REGIONS = ("North", "East", "South", "West")
PRODUCTS = ("Perch", "Nest box", "Feeder", "Coop", "Bath", "Seed, 5 kg")
SALES = 150_000
ORDERS = 24_000
SLOW_DATABASE_SECONDS = 0.25


def made_up_sales():
    """Returns (month, region, product, pieces, cents) of each sale; the same ones in every process."""
    chance = random.Random(2026)
    return [
        (
            chance.randrange(12),
            chance.randrange(len(REGIONS)),
            chance.randrange(len(PRODUCTS)),
            chance.randrange(1, 9),
            chance.randrange(199, 19_999),
        )
        for _ in range(SALES)
    ]


def remove(directory, owner):
    # With --preload the workers are forked from the process that made it, and each runs this when it leaves.
    if os.getpid() == owner:
        shutil.rmtree(directory, ignore_errors=True)


def made_up_database():
    """Fills a database of this process's own and returns its path. Two processes never write the same file."""
    directory = tempfile.mkdtemp(prefix="sales-dash-")
    atexit.register(remove, directory, os.getpid())
    path = os.path.join(directory, "orders.sqlite")
    chance = random.Random(2027)
    start = datetime.datetime(2026, 1, 1)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, placed TEXT, region TEXT, product TEXT, cents INT)")
        database.executemany(
            "INSERT INTO orders VALUES (?, ?, ?, ?, ?)",
            (
                (
                    number,
                    (start + datetime.timedelta(minutes=20 * number)).isoformat(sep=" "),
                    chance.choice(REGIONS),
                    chance.choice(PRODUCTS),
                    chance.randrange(199, 99_999),
                )
                for number in range(1, ORDERS + 1)
            ),
        )
    return path


sales = made_up_sales()
database_path = made_up_database()

app = Dash(__name__, title="Bird supplies")
server = app.server

app.layout = html.Div(
    [
        html.H1("Bird supplies"),
        html.P(id="greeting"),
        dcc.Input(id="name", value="", placeholder="Your name"),
        dcc.Dropdown(
            id="product",
            options=[{"label": name, "value": index} for index, name in enumerate(PRODUCTS)],
            value=0,
            clearable=False,
        ),
        dcc.Graph(id="revenue"),
        dcc.Graph(id="ranks"),
        html.Button("Refresh", id="refresh", n_clicks=0),
        dcc.Interval(id="tick", interval=30_000),
        html.P(id="loaded"),
        dash_table.DataTable(
            id="orders",
            columns=[{"name": name, "id": name} for name in ("id", "placed", "region", "product", "price")],
            page_size=10,
        ),
        html.A("All orders as CSV", id="export", href="/export.csv"),
    ],
    style={"maxWidth": "60rem", "margin": "2rem auto", "fontFamily": "sans-serif"},
)


def revenue_by_region(chosen):
    """Returns cents per region and month of the chosen product."""
    revenue = [[0] * 12 for _ in REGIONS]
    for month, region, product, pieces, cents in sales:
        if product == chosen:
            revenue[region][month] += pieces * cents
    return revenue


def rank_of_orders(chosen):
    """Returns how many sales of the chosen product fall into each tenth of all sales, by value."""
    values = sorted(pieces * cents for _, _, _, pieces, cents in sales)
    borders = [values[len(values) * tenth // 10] for tenth in range(1, 10)]
    counts = [0] * 10
    for _, _, product, pieces, cents in sales:
        if product == chosen:
            value = pieces * cents
            counts[sum(value >= border for border in borders)] += 1
    return counts


@app.callback(Output("revenue", "figure"), Output("ranks", "figure"), Input("product", "value"))
def draw_revenue(product):
    """CPU-bound: passes over every sale, in Python, with the GIL held."""
    chosen = int(product or 0) % len(PRODUCTS)
    months = [datetime.date(2026, month, 1).strftime("%b") for month in range(1, 13)]
    revenue = {
        "data": [
            {"type": "bar", "name": region, "x": months, "y": [cents / 100 for cents in row]}
            for region, row in zip(REGIONS, revenue_by_region(chosen))
        ],
        "layout": {"title": {"text": f"Revenue of {PRODUCTS[chosen]}"}, "barmode": "stack"},
    }
    ranks = {
        "data": [{"type": "bar", "x": list(range(1, 11)), "y": rank_of_orders(chosen)}],
        "layout": {"title": {"text": f"Sales of {PRODUCTS[chosen]} by tenth of value"}},
    }
    return revenue, ranks


@app.callback(
    Output("orders", "data"),
    Output("loaded", "children"),
    Input("refresh", "n_clicks"),
    Input("tick", "n_intervals"),
)
def list_orders(clicks, ticks):
    """I/O-bound: SQLite, then a wait with the GIL free."""
    with closing(sqlite3.connect(database_path)) as database:
        rows = database.execute("SELECT * FROM orders ORDER BY id DESC LIMIT 200").fetchall()
    time.sleep(SLOW_DATABASE_SECONDS)
    orders = [
        {"id": number, "placed": placed, "region": region, "product": product, "price": f"{cents / 100:.2f}"}
        for number, placed, region, product, cents in rows
    ]
    return orders, f"{len(orders)} newest orders, loaded {(clicks or 0) + (ticks or 0) + 1} times"


@app.callback(Output("greeting", "children"), Input("name", "value"))
def greet(name):
    """Tiny: what a page asks for most often."""
    return f"Welcome, {name}." if name else "Welcome."


@server.route("/export.csv")
def export():
    """Streams every order; nobody knows the length before the last line."""

    def lines():
        yield "id,placed,region,product,price,remark\r\n"
        with closing(sqlite3.connect(database_path)) as database:
            for number, placed, region, product, cents in database.execute("SELECT * FROM orders ORDER BY id"):
                yield f'{number},{placed},{region},"{product}",{cents / 100:.2f},order {number} of {ORDERS}\r\n'

    def blocks():
        block = []
        for line in lines():
            block.append(line)
            if len(block) == 200:
                yield "".join(block)
                block.clear()
        yield "".join(block)

    return flask.Response(
        blocks(),
        mimetype="text/csv",
        headers={"Content-Disposition": "attachment; filename=orders.csv"},
    )
