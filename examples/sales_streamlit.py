"""A dashboard with every kind of work, and every tie between a browser and a process, that a Streamlit app has.

    roost serve sales_streamlit.py --app-dir examples --processes 2

| part          | work                                                                  | bound by            |
| ------------- | --------------------------------------------------------------------- | ------------------- |
| counter       | a number in ``st.session_state``                                      | its session         |
| upload        | a file that the browser sends beside the WebSocket                    | its session         |
| picture       | an image that is made here and fetched from ``/media``                | its process         |
| orders        | reads SQLite, then waits 250 ms as for a slow database                | waiting             |
| download      | every order as CSV, about 1.4 MB, fetched from ``/media``             | its process         |
| revenue       | adds up and ranks 150,000 sales in Python, holding the GIL (~0.1 s)   | one CPU             |
| report        | several seconds of both, with a progress bar                          | one CPU and waiting |

More processes help ``revenue`` of several users at once. None of the ties breaks, since Roost sends all that a browser asks
for to the process that has its session.
"""

import csv
import datetime
import hashlib
import io
import os
import random
import sqlite3
import time

import numpy
import streamlit as st

REGIONS = ("North", "East", "South", "West")
PRODUCTS = ("Perch", "Nest box", "Feeder", "Coop", "Bath", "Seed, 5 kg")
SALES = 150_000
ORDERS = 24_000
SLOW_DATABASE_SECONDS = 0.25


@st.cache_resource
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


@st.cache_resource
def made_up_database():
    """Returns a connection to a database in this process's memory; its lock is SQLite's own."""
    chance = random.Random(2027)
    start = datetime.datetime(2026, 1, 1)
    database = sqlite3.connect(":memory:", check_same_thread=False)
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
    database.commit()
    return database


@st.cache_data
def all_orders():
    """Returns every order as CSV."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("id", "placed", "region", "product", "cents"))
    writer.writerows(made_up_database().execute("SELECT * FROM orders ORDER BY id"))
    return text.getvalue().encode()


def latest_orders(region):
    """I/O-bound: the last ten orders of a region, from a database that takes its time."""
    rows = made_up_database().execute(
        "SELECT id, placed, product, cents FROM orders WHERE region = ? ORDER BY id DESC LIMIT 10", (region,)
    )
    found = [dict(zip(("id", "placed", "product", "cents"), row)) for row in rows]
    time.sleep(SLOW_DATABASE_SECONDS)
    return found


def revenue_by_month(product):
    """CPU-bound: passes over every sale, in Python, with the GIL held. Returns units of currency per region."""
    revenue = {region: [0] * 12 for region in REGIONS}
    values = sorted(pieces * cents for _, _, _, pieces, cents in made_up_sales())
    middle = values[len(values) // 2]
    above = 0
    for month, region, sold, pieces, cents in made_up_sales():
        if sold == product:
            revenue[REGIONS[region]][month] += pieces * cents
            above += pieces * cents > middle
    return {region: [cents / 100 for cents in months] for region, months in revenue.items()}, above


def picture(seed):
    """Returns an image that depends on the seed, 240 x 120."""
    x, y = numpy.meshgrid(numpy.linspace(0, 6, 240), numpy.linspace(0, 3, 120))
    waves = numpy.sin(x * (1 + seed % 7)) + numpy.cos(y * (2 + seed % 5))
    shades = ((waves + 2) / 4 * 255).astype(numpy.uint8)
    return numpy.dstack([shades, numpy.roll(shades, 40, axis=1), 255 - shades])


st.set_page_config(page_title="Bird supplies", page_icon="🐦")
st.title("Bird supplies")

# Each browser session counts for itself; the number is lost with the process.
if st.button("Count", key="count"):
    st.session_state.counted = st.session_state.get("counted", 0) + 1
st.session_state.runs = st.session_state.get("runs", 0) + 1
st.text(f"Counted {st.session_state.get('counted', 0)}, run {st.session_state.runs}, process {os.getpid()}")

uploaded = st.file_uploader("A file", key="upload")
if uploaded is not None:
    digest = hashlib.sha256(uploaded.getvalue()).hexdigest()
    st.text(f"Received {uploaded.name}: {uploaded.size} bytes, SHA-256 {digest[:16]}")

# Another picture in each process and for each count: a browser that asked elsewhere would not find it.
st.image(picture(os.getpid() + st.session_state.get("counted", 0)), caption="Made just now")

region = st.selectbox("Region", REGIONS, key="region")
st.table(latest_orders(region))
st.download_button("All orders as CSV", all_orders(), "orders.csv", "text/csv", key="download")

name = st.selectbox("Product", PRODUCTS, key="product")
months, above = revenue_by_month(PRODUCTS.index(name))
st.bar_chart(months)
st.text(f"{above} sales of {name} are in the upper half")

seconds = st.slider("Seconds for a report", 1, 60, 6, key="seconds")
if st.button("Make a report", key="report"):
    progress = st.progress(0.0, "Working")
    for step in range(seconds * 2):
        revenue_by_month(step % len(PRODUCTS))
        time.sleep(0.4)
        progress.progress((step + 1) / (seconds * 2), f"Step {step + 1} of {seconds * 2}")
    st.text(f"The report is done: process {os.getpid()}")
