"""Ports on this machine."""

import socket

from .errors import SetupError

HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Tell whether a server could listen on `port` now."""
    with socket.socket() as probe:
        # As Odoo does: a port that only waits for late packets of an earlier server is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def choose(wanted: str = "", previous: int = 0) -> int:
    """Return the port to listen on.

    :param wanted: what the user set, "" when nothing; it is that one or an error.
    :param previous: the one of the last time, taken again when free, so that a browser's page
        and a shell's settings stay good.
    :raises SetupError: `wanted` is not a port, or taken.
    """
    if wanted:
        if not wanted.isdigit() or not 0 < int(wanted) < 65536:
            raise SetupError(
                f"SENTINEL_ODOO_PORT={wanted} is not a port", "choose one from 1024 to 65535"
            )
        if not is_free(int(wanted)):
            raise SetupError(
                f"port {wanted} (SENTINEL_ODOO_PORT) is taken by another program",
                "end that program, choose another port, or unset SENTINEL_ODOO_PORT to get a "
                "free one",
            )
        return int(wanted)
    if previous and is_free(previous):
        return previous
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
