"""What power costs, line by line, to the øre (E3). Owns the calculation; knows no person, and stores nothing.

One mechanism computes a single point and a hundred thousand: watt-hours stand in a matrix, a row a point (or, of one
point, a row an hour or a day), a column an interval of the month.

Invariants:

- All arithmetic is in whole numbers: watt-hours times a rate is billionths of a krone. A line is rounded once, half
  away from zero, to the øre; VAT is computed on the sum of the rounded lines and rounded once; the total is the sum of
  what is shown (EN 16931). So a month is not the sum of its rounded days, and says so.
- What is charged a month (fees, the capacity step) is never spread over kilowatt-hours.
- An hour costs the mean of its four quarters to who is settled by the hour.
- What is not known is told, not guessed: intervals without a value or without a price are counted beside the amount.
"""
