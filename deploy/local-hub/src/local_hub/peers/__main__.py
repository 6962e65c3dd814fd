"""`python -m local_hub.peers`: the pretend outside world as a process of its own."""

from local_hub.peers.app import main

main()
