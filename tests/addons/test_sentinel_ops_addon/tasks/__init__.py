from . import archive_by_reference, contacts_without_language, rogues
