"""Addressed post (F11): letters are gathered in batches, fetched as PDF with an address file, and marked as sent.

    collect     the worker puts what waits into a batch a controller; whoever may not be written to any more is left out
    fetch       staff get a ZIP: `letters.pdf`, one letter after another, and `addresses.csv`; asked about once more
    sent        staff say that the batch is with the post: each message is settled, on record

Letters are made when they are fetched and stored nowhere: a message whose person is erased meanwhile is in no batch.
"""
