"""`make test-docker`: an engine, base images, and the tests of the containers on them."""
