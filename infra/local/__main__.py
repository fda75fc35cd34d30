"""`python -m infra.local`: starts everything in order, says where it is, and stops it in the opposite order."""

from __future__ import annotations

import argparse
import importlib
import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.core.dashboard_sign_in import HOME
from chalicelib.core.tenants import SYSTEM_TENANT
from infra.local import cloud, demo, env_file
from infra.local.certificates import Authority
from infra.local.demo_page import PATH as DEMO
from infra.local.demo_page import DemoPage
from infra.local.gateway import Gateway
from infra.local.listeners import Listener, bind, serving
from infra.local.mailbox import PATH as MAILBOX
from infra.local.mailbox import Mailbox
from infra.local.process import end_on_signals, say, sole_user_of
from infra.local.schedule import each_minute
from infra.local.settings import TABLE, LocalSettings, set_environment
from infra.local.stream import following
from infra.local.tls import server_context
from infra.ministack import MiniStack, MiniStackError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from infra.local.pages import Answering

_HELP = """\
The whole of Gatehouse on this machine. Ctrl-C stops it; its data is kept.

environment:
  PORT      of http on the loopback interface (8000)
  TLS_PORT  of https there (8443)
  DATA_DIR  where the data, the certificate authority and gatehouse.env are kept (.local)
"""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the stack is reached, and the files that say how."""

    http: str
    https: str
    env_path: Path
    authority_path: Path

    @property
    def domain(self) -> str:
        """Host and port of the https address: what SDKs call the domain."""
        return self.https.removeprefix("https://")

    @property
    def dashboard(self) -> str:
        """Where operators are: at the host of the system tenant."""
        return f"https://{SYSTEM_TENANT}.{self.domain}{HOME}"


def main() -> None:
    """Run until a signal, or until MiniStack is gone."""
    verbose = _read_arguments().verbose
    settings = LocalSettings.read(os.environ)
    end_on_signals()
    try:
        with ExitStack() as exits:
            _run(settings, exits, verbose=verbose)
    except MiniStackError as error:
        raise SystemExit(str(error)) from None


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local", description=_HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="print a line for each request")
    return parser.parse_args()


def _run(settings: LocalSettings, exits: ExitStack, *, verbose: bool) -> None:
    exits.enter_context(sole_user_of(settings.data_dir))
    authority = Authority.open(settings.data_dir)
    listeners = bind(settings.port, "PORT")
    secured = bind(settings.tls_port, "TLS_PORT", server_context(authority))
    addresses = _addresses(settings, authority, listeners[0], secured[0])

    exits.callback(say, "Stopped.")
    say("Starting MiniStack, the emulated AWS ...")
    ministack = MiniStack(settings.data_dir / "aws")
    endpoint = exits.enter_context(ministack)
    app_module = _import_app(endpoint, addresses)
    environment = _write_env(app_module, addresses)

    # Left in the opposite order: first nobody is served any more, then the stream is read to its end.
    exits.enter_context(following(app_module.follow, endpoint, TABLE))
    exits.enter_context(each_minute(app_module.sweep))
    gateway = _demo_page(Mailbox(Gateway(app_module.app), endpoint), environment, addresses)
    exits.enter_context(serving([*listeners, *secured], gateway, verbose=verbose))
    exits.callback(say, "Stopping ...")
    say(_banner(settings, addresses))
    code = ministack.wait()
    raise SystemExit(f"MiniStack ended by itself ({code}). What was written in the last seconds may be lost.")


def _addresses(settings: LocalSettings, authority: Authority, plain: Listener, secured: Listener) -> Addresses:
    return Addresses(
        http=f"http://localhost:{plain.server_address[1]}",
        https=f"https://localhost:{secured.server_address[1]}",
        env_path=settings.data_dir / env_file.NAME,
        authority_path=authority.path,
    )


def _import_app(endpoint: str, addresses: Addresses) -> ModuleType:
    set_environment(endpoint=endpoint, kms_key=cloud.prepare(endpoint), base_domain=addresses.domain)
    say("Starting the app ...")
    return importlib.import_module("app")


def _write_env(app_module: ModuleType, addresses: Addresses) -> dict[str, str]:
    """Make what is missing of the demo data, and write the environment file."""
    existing = env_file.read(addresses.env_path)
    if not existing:
        say("First start: creating the demo data ...")
    fixed = {
        "AUTH0_DOMAIN": addresses.domain,
        "GATEHOUSE_URL": addresses.http,
        "GATEHOUSE_DEMO_URL": f"{addresses.http}{DEMO}",
        "GATEHOUSE_DASHBOARD_URL": addresses.dashboard,
        "GATEHOUSE_MAILBOX": f"{addresses.http}{MAILBOX}",
        # One authority, three names: Python's ssl and httpx, requests, and Node.
        "SSL_CERT_FILE": str(addresses.authority_path),
        "REQUESTS_CA_BUNDLE": str(addresses.authority_path),
        "NODE_EXTRA_CA_CERTS": str(addresses.authority_path),
    }
    environment = {**demo.seed(app_module, (addresses.http, addresses.https), existing), **fixed}
    env_file.write(addresses.env_path, environment)
    return environment


def _demo_page(behind: Answering, environment: Mapping[str, str], addresses: Addresses) -> DemoPage:
    values = {
        "client_id": environment["GATEHOUSE_DEMO_CLIENT_ID"],
        "issuer": f"{addresses.https}/",
        "email": environment["GATEHOUSE_DEMO_EMAIL"],
        "env_path": shown(addresses.env_path),
        "mailbox": MAILBOX,
    }
    return DemoPage(behind, addresses.http, values)


def _banner(settings: LocalSettings, addresses: Addresses) -> str:
    return f"""
Gatehouse is ready.

  http       {addresses.http}
  https      {addresses.https}
             trust {shown(addresses.authority_path)}
  demo       {addresses.http}{DEMO}
  dashboard  {addresses.dashboard}
  docs       {addresses.http}/docs
  mailbox    {addresses.http}{MAILBOX}
  settings   {shown(addresses.env_path)}

Ctrl-C stops it; data is kept in {shown(settings.data_dir)}
"""


def shown(path: Path) -> str:
    """Give a path as a person in this folder would type it."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    main()
