from . import archive_by_reference
from . import rogues
