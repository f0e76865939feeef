"""How a run is carried out, in plain Python: no model is defined here.

request -> guards -> plan -> apply -> seal; the dispatcher drives it, one slice at a time.
"""
