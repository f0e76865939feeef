from . import archive_by_reference, rogues
