"""The store in BigQuery, through Google's own client; imported only when it is used.

``merge`` mode (the default) stages a batch and lands it in one transaction. ``append`` mode, for
projects without DML, appends and sorts out on reading. Both answer under the same names.
"""
