def accept_by_peer(listener, count):
    """Accept `count` connections: {the peer's port: the connection}."""
    connections = {}
    for _ in range(count):
        # The address is accept's, not getpeername's: who has reset the connection is no peer any more.
        connection, address = listener.accept()
        connections[address[1]] = connection  # an IPv6 address has four parts; in both the port is the second
    return connections
