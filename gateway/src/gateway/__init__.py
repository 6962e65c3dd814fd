"""The one door between the outside and the hub: who may come in, and to which service."""
