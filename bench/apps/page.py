"""A Streamlit page of about thirty elements; `?spin=150` makes each run of the script hold the GIL for 150 ms of CPU."""

import os
import struct
import time
import zlib

import pandas
import streamlit as st

MOST_MILLISECONDS = 5_000.0
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun"]
REGIONS = {"north": [31, 28, 35, 40, 38, 45], "south": [22, 25, 21, 30, 33, 29], "coast": [12, 15, 19, 18, 24, 27]}


def picture(shade: int) -> bytes:
    """A PNG of 64 x 64 in one grey."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes([shade]) * 64) * 64
    header = struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def spin(milliseconds: float) -> None:
    end = time.thread_time() + min(milliseconds, MOST_MILLISECONDS) / 1000
    while time.thread_time() < end:
        for _ in range(50):
            pass


st.session_state.runs = st.session_state.get("runs", 0) + 1
st.title("Sales")
# Read by the load: which process ran this, and how often for this session.
st.text(f"process {os.getpid()} runs {st.session_state.runs}")
st.button("Again")
region = st.selectbox("Region", list(REGIONS))
frame = pandas.DataFrame(REGIONS, index=MONTHS)
st.dataframe(frame)
st.bar_chart(frame[region])
for column, (name, sales) in zip(st.columns(len(REGIONS)), REGIONS.items()):
    column.metric(name, sum(sales), sales[-1] - sales[-2])
    column.image(picture(sum(sales) % 256))
for month in MONTHS:
    st.checkbox(month, value=True)
    st.progress(REGIONS[region][MONTHS.index(month)])
spin(float(st.query_params.get("spin", "0")))
st.caption("end")
