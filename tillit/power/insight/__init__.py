"""What readings tell about a home, beyond the sum (E5): pure functions over arrays, without a database.

Energy is in watt-hours, power in watts, temperature in degrees Celsius. A home's use is an array (days, 24) of local
hours, `nan` where nothing was measured. Everything found is an estimate with its range: nobody has said what was on.
"""
