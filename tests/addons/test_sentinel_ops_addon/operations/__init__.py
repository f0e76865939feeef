from . import partners, rogues
