"""A small real reverse proxy before a server, as people put one before Label Studio: https, a sub-path."""

import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

CLOSED = ("connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "host")


class Proxy(ThreadingHTTPServer):
    """Passes what lies below `path` on to `server`, without the path; whatever else is not there."""

    daemon_threads = True

    def __init__(self, server: str, path: str = "", certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Pass)
        self.server, self.path, self.asked, self.told = server, path, list[str](), list[str]()
        self.client = httpx.Client(trust_env=False, timeout=120)
        self.https = certificate is not None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, certificate.with_suffix(".key"))
            # The handshake in the request's own thread: a client that refuses must not stop the others.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def url(self) -> str:
        return self.named("127.0.0.1")

    def named(self, host: str) -> str:
        return f"{'https' if self.https else 'http'}://{host}:{self.server_port}{self.path}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A refused handshake is what some tests are about."""


class Pass(BaseHTTPRequestHandler):
    server: Proxy

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append(f"{self.command} {self.path}")
        self.server.told.append(self.headers.get("Authorization") or "")
        if not self.path.startswith(f"{self.server.path}/"):
            return self._answer(404, b"<html><title>Not here</title></html>", [("Content-Type", "text/html")])
        try:
            answer = self.fetch(body)
        except httpx.HTTPError as error:
            return self._answer(502, f"<html><title>{error}</title></html>".encode(), [("Content-Type", "text/html")])
        return self._answer(answer.status_code, answer.content, self.kept(answer))

    def fetch(self, body: bytes) -> httpx.Response:
        """What the server answers."""
        headers = {name: value for name, value in self.headers.items() if name.lower() not in CLOSED}
        url = self.server.server + self.path.removeprefix(self.server.path)
        return self.server.client.request(self.command, url, content=body, headers={**headers, "Connection": "close"})

    def kept(self, answer: httpx.Response) -> list[tuple[str, str]]:
        """The headers that are passed back."""
        return [(name, value) for name, value in answer.headers.multi_items() if name.lower() not in CLOSED]

    def _answer(self, status: int, content: bytes, headers: list[tuple[str, str]], length: int | None = None) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_DELETE = _pass

    def log_message(self, *_: object) -> None: ...


@contextmanager
def serving(proxy: ThreadingHTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=proxy.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()


def make_certificates(folder: Path, host: str = "IP:127.0.0.1") -> tuple[Path, Path]:
    """An authority of our own, and a certificate that it signed for `host`: their PEM files."""
    authority, server, asked = folder / "authority.pem", folder / "server.pem", folder / "server.csr"
    short = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj"]
    _openssl(
        "req", "-x509", *short, "/CN=Our own", "-days", "2", "-keyout", folder / "authority.key", "-out", authority
    )
    _openssl("req", "-new", *short, "/CN=Label Studio", "-keyout", folder / "server.key", "-out", asked)
    (folder / "names.txt").write_text(f"subjectAltName={host}\n")
    signed = ["-CA", authority, "-CAkey", folder / "authority.key", "-CAcreateserial", "-days", "2"]
    _openssl("x509", "-req", "-in", asked, *signed, "-extfile", folder / "names.txt", "-out", server)
    return authority, server


def _openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


Client = Callable[..., httpx.Response]
