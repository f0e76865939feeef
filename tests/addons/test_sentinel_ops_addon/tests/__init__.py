from . import test_contacts_without_language, test_rogues, test_third_party
