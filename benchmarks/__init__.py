"""Where plaintune stands against its peers; imports anything, and nothing imports it."""
