"""Sign-in and Min side: a person's own pages at one controller.

Every page reads inside the scope of the signed-in person: own rows only, whatever the address says.
"""
