"""SMS that come in: whoever it is from is looked up, its first word finds a handler, and what that says is the answer.

    KEYWORDS["SALDO"] = saldo           # in keywords.py, one line a word

The gateway hands an SMS over by webhook and sends what the answer holds (docs/messages.md). An SMS is acted upon once.
"""
