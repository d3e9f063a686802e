"""page.py as an ASGI application, with the settings that `streamlit run` and roost are given."""

from streamlit.web import bootstrap

bootstrap.load_config_options({
    "server.headless": True,
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "viewer",
})

import streamlit as st  # noqa: E402

app = st.App("page.py")
