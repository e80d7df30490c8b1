"""Audiences for advertising elsewhere (B10). Owns which people's hashed addresses an advertising network holds for us.

Invariants:
- Only where the controller's declaration has the activity `advertising` with the channel `ads`, and names the network
  as a processor, is there an audience; only people who said yes to it are in one.
- An address leaves as SHA-256 of its normal form and never in clear; each person's leaving is in the disclosure log.
- Who says no is out within minutes, of the network too: the worker compares what the network holds with who may be
  there, and puts it right, whatever was lost on the way and whoever was erased or restricted meanwhile.
"""
