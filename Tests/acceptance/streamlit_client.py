"""What Streamlit's page does, without a browser: health, WebSocket, reruns, uploads, media, reconnects."""

import http.cookies
import re
import time
import uuid

from client import PATIENCE, get
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

XSRF = "_streamlit_xsrf"


class Page:
    """One page: its cookies, its session, and what the last run of the script has drawn.

    ``cookies`` are those of another page of the same browser; ``session`` is the id of a session to go on with.
    """

    #: `server.baseUrlPath`, with a slash before it.
    base = ""

    def __init__(self, address, cookies=None, session=None):
        self.address = address
        self.cookies = dict(cookies or {})
        self.session = session
        self.elements = []
        self.known = {}
        self.socket = None
        health = self.fetch(self.base + "/_stcore/health")
        assert (health.status, health.body) == (200, b"ok"), health
        assert self.fetch(self.base + "/_stcore/host-config").status == 200
        self.open()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # HTTP

    def fetch(self, target, method="GET", body=b"", fields=()):
        """Makes a request as the page would, and keeps the cookies that come with the answer."""
        response = get(self.address, target, method, body, [*self._cookie_fields(), *fields])
        self._keep(response.all("Set-Cookie"))
        return response

    def _cookie_fields(self):
        text = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return [("Cookie", text)] if text else []

    def _keep(self, lines):
        for line in lines:
            for name, morsel in http.cookies.SimpleCookie(line).items():
                self.cookies[name] = morsel.value

    # The WebSocket

    def open(self):
        """Opens the WebSocket; with a session's id if there is one, which is what makes it a reconnect."""
        host = "%s:%d" % self.address
        protocols = ["streamlit", self.cookies[XSRF], *([self.session] if self.session else [])]
        self.socket = connect(
            f"ws://{host}{self.base}/_stcore/stream",
            subprotocols=protocols,
            additional_headers=self._cookie_fields(),
            origin=f"http://{host}",
            max_size=None,
            open_timeout=PATIENCE,
        ).__enter__()
        assert self.socket.subprotocol == "streamlit"
        self._keep(self.socket.response.headers.get_all("Set-Cookie"))

    def close(self):
        self.socket.close()

    def close_code(self, seconds=PATIENCE):
        """Waits until the server closes the WebSocket, and returns the code with which it did."""
        deadline = time.monotonic() + seconds
        try:
            while True:
                self.receive(max(0.1, deadline - time.monotonic()))
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006

    def _send(self, message):
        self.socket.send(message.SerializeToString())

    def receive(self, seconds=PATIENCE):
        message = ForwardMsg.FromString(self.socket.recv(seconds))
        if message.WhichOneof("type") == "ref_hash":
            # Sent before: large messages are not sent twice.
            return self.known[message.ref_hash]
        if message.hash:
            self.known[message.hash] = message
        return message

    def start(self, **widgets):
        """Asks for a run, with the states of widgets by key: ``count=("trigger_value", True)``."""
        message = BackMsg()
        message.rerun_script.query_string = ""
        for key, (kind, value) in widgets.items():
            state = message.rerun_script.widget_states.widgets.add()
            state.id = self.widget(key)
            if hasattr(value, "DESCRIPTOR"):
                getattr(state, kind).CopyFrom(value)
            else:
                setattr(state, kind, value)
        self._send(message)

    def finish(self, seconds=PATIENCE):
        """Reads until the script has run."""
        self.elements = []
        deadline = time.monotonic() + seconds
        while True:
            message = self.receive(max(0.1, deadline - time.monotonic()))
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.session = message.new_session.initialize.session_id
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                self.elements.append(message.delta.new_element)
            elif kind == "script_finished":
                return self

    def run(self, **widgets):
        self.start(**widgets)
        return self.finish()

    # What is drawn

    def all(self, kind):
        """The elements of a kind that the last run has drawn."""
        return [getattr(element, kind) for element in self.elements if element.WhichOneof("type") == kind]

    def texts(self):
        return [text.body for text in self.all("text")]

    def widget(self, key):
        """The id of the widget with that key, as the last run drew it."""
        for element in self.elements:
            drawn = getattr(element, element.WhichOneof("type"))
            identity = getattr(drawn, "id", "")
            if identity.endswith("-" + key):
                return identity
        raise AssertionError(f"no widget {key!r} is drawn: {self.elements}")

    def state(self):
        """Counted, run, process: what examples/sales_streamlit.py says of itself."""
        for text in self.texts():
            found = re.fullmatch(r"Counted (\d+), run (\d+), process (\d+)", text)
            if found:
                return tuple(map(int, found.groups()))
        raise AssertionError(f"no state is drawn: {self.texts()}")

    # Files

    def upload(self, key, name, content):
        """Sends a file as the page does: asks where to, puts it there, then runs the script with it."""
        message = BackMsg()
        message.file_urls_request.request_id = str(uuid.uuid4())
        message.file_urls_request.file_names.append(name)
        message.file_urls_request.session_id = self.session
        self._send(message)
        answer = self.receive()
        while answer.WhichOneof("type") != "file_urls_response":
            answer = self.receive()
        urls = answer.file_urls_response.file_urls[0]
        boundary = uuid.uuid4().hex
        body = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode() + content + f"\r\n--{boundary}--\r\n".encode()
        response = self.fetch(
            urls.upload_url,
            "PUT",
            body,
            [("Content-Type", f"multipart/form-data; boundary={boundary}"), ("X-Xsrftoken", self.cookies[XSRF])],
        )
        assert response.status == 204, response
        state = BackMsg().rerun_script.widget_states.widgets.add().file_uploader_state_value
        info = state.uploaded_file_info.add()
        info.file_id, info.name, info.size = urls.file_id, name, len(content)
        info.file_urls.CopyFrom(urls)
        return self.run(**{key: ("file_uploader_state_value", state)})
