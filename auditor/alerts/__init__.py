"""What is worth telling people, decided in fixed stages and sent through channels."""
