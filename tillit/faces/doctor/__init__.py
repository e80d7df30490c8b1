"""What `tillit doctor` looks at: whether this installation can do its work, in counts and codes and nobody's data.

A check is a function that gives findings; each names what it looked at, how it is, and what to do about it. Nothing is
started, written or sent. What is promised to people is `tillit prove`'s to say.
"""

from tillit.faces.doctor.findings import Finding, State
from tillit.faces.doctor.rounds import examine

__all__ = ["Finding", "State", "examine"]
