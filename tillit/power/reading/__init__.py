"""Files of meter values, as whoever has them writes them, read in bounded memory and checked in vectors (E2).

Every layout becomes rows of the same text columns (`columns`), which one place checks (`checking`): so a row that was
put aside is repaired and played again by the same rules.
"""
