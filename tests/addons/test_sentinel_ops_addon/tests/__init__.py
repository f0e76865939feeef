from . import test_rogues, test_third_party
