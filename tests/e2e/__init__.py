"""The whole product from outside: a real server, real clients, a real browser."""
