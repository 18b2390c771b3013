"""``costsim serve``: the report, live in a browser."""

from __future__ import annotations

import secrets
import socket

import click

from costsim.errors import InputError

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.command("serve", short_help="The report live in your browser: drop a network, move sliders.")
@click.option(
    "--host",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="Where to listen; by default nobody else reaches it.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8127, show_default=True, metavar="N", help="0 takes a free one."
)
@click.option("--token", metavar="WORD", help="What the address must carry; a new one each time if left out.")
@click.option(
    "--max-upload",
    type=click.IntRange(1, 2048),
    default=64,
    show_default=True,
    metavar="MIB",
    help="Longest file taken, in MiB.",
)
@click.option(
    "--max-seconds",
    type=click.IntRange(1, 600),
    default=30,
    show_default=True,
    metavar="S",
    help="How long reading one file may take.",
)
def command(host: str, port: int, token: str | None, max_upload: int, max_seconds: int) -> None:
    """Serve the report on this machine: drop an ONNX, TFLite, ncnn .param or costsim JSON file, choose devices, and
    change threads, batch, input size, clock and memories while the answer follows.

    Open the address that is printed; whoever does not know its token is refused. Uploads are read in a process of
    their own and kept in memory only. Needs 'pip install costsim[serve]'.
    """
    try:
        import uvicorn

        from costsim.serve.app import create_app
    except ModuleNotFoundError as error:
        raise InputError(f"serving needs {error.name}", mend="pip install 'costsim[serve]'") from None
    token = token or secrets.token_urlsafe(16)
    listener = _listen(host, port)
    hosts = [*LOOPBACK] if host in LOOPBACK else ["*"]
    app = create_app(token=token, hosts=hosts, upload_bytes=max_upload << 20, upload_s=max_seconds)
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"http://{shown}:{listener.getsockname()[1]}/?token={token}")
    click.echo("costsim: open this address; Ctrl-C ends it", err=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", server_header=False, timeout_graceful_shutdown=2))
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        listener.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise InputError(
            f"cannot listen: {error.strerror or error}", where=f"{host}:{port}", mend="choose another --port"
        ) from None
    listener.listen(128)
    return listener
