"""Stand-ins, on this machine and over real sockets, for services that an installation speaks with."""
