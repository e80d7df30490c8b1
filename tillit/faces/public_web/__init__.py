"""Public pages: controllers, their statements and cookie pages, language, the cookie choice, security.txt.

Nothing here knows who the reader is.
"""
