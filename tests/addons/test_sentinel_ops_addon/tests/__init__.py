from . import test_rogues
from . import test_third_party
