"""Where tools look first: ``functions-framework --target=sentinel``, and ``python main.py list``.

The first is the HTTP door, see docs/http.md; the second is the command ``sentinel-ops``.
"""

import sys

if __name__ == "__main__":
    from auditor.cli import main

    sys.exit(main())

from auditor.adapters.http.function import make

sentinel = make()
