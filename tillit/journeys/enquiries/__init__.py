"""What people ask customer service and complain of: opened by themselves, by staff or by a message; answered; closed.

`opening` takes in, `handling` answers, `reading` shows. Each call is one transaction, on record under who made it. The
words of e-mail and SMS stand in the messages of the case, which lapse by themselves (D9); its log says when they came.
"""
