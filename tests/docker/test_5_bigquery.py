"""The profile `bigquery`: the same trail in a BigQuery that needs no account."""

import json

from .stack import Stack, until


def test_the_trail_reaches_bigquery(stack: Stack) -> None:
    stack.compose("--profile", "bigquery", "up", "-d")
    stack.until_healthy("bigquery", "auditor-bigquery")
    here = stack.ops("verify", "--against-odoo")["checks"][0]

    def there() -> bool:
        answer = stack.run("auditor-bigquery", "sentinel-ops", "show", "--json")
        return answer.status == 0 and here["chain"] in answer.text

    until(there, "the second auditor has pulled")
    _status, (out, _err) = stack.container("auditor-bigquery").exec_run(
        ["sentinel-ops", "verify", "--json"], demux=True
    )
    (check,) = json.loads(out)["checks"]
    assert check["good"]
    assert int(check["position"]) >= int(here["position"])
    assert int(check["lines"]) >= int(here["lines"])
