"""Whether Odoo answers and reaches its database: `python3 -m sentinel_container.health`."""

import sys
import urllib.error
import urllib.request

_URL = "http://127.0.0.1:8069/web/health?db_server_status=1"


def main() -> int:
    """Return 0 when all is well."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(_URL, timeout=8) as answer:
            sys.stdout.write(answer.read(200).decode(errors="replace"))
    except (urllib.error.URLError, OSError) as error:
        sys.stdout.write(f"Odoo does not answer: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
