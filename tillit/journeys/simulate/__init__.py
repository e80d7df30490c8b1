"""Years in minutes (H10, D10, D11, B7): a synthetic population joins, buys, consents, objects, claims, leaves and comes
back under any declarations; the clock jumps to each event, and to the day before, the day and the day after each due
date; retention runs, and what is overdue afterwards, or went ahead of its day, is told.

In a database of its own. People are invented: numbers and letters. What a declaration does not provide for does not
happen: each act is done under an activity that the declaration lets record the category.
"""
