"""Reading what unions send of their members: which column is which, how dates are written, and every rule of a row."""
