"""What stands between the socket and the application, for every request whatever it asks."""
