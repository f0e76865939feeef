"""The HTTP door: the same jobs, runs and trail as at the shell, as JSON.

:func:`auditor.adapters.http.dispatch.dispatch` answers a request and knows no web framework;
:mod:`auditor.adapters.http.function` wraps it for functions-framework.
"""
