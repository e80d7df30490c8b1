"""Files that people send: what kind they are, and their rows as text with the line each came from.

Owns reading CSV, spreadsheets and JSON in bounded memory, whatever the bytes are, and sealing what could not be used.
Knows no domain: what columns a file has, and what they mean, its reader says (`dialect.Layout`).
"""
