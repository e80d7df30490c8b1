"""What readings tell about a home (E4, E5, E6): breakdown, comparison with similar households, alerts.

The arithmetic (`breakdown`, `vehicle`, `temperature`, `grouping`, `conditions`) is pure: arrays in, figures out. Energy
is in watt-hours, power in watts, temperature in degrees Celsius, a home's use an array (days, 24) of local hours with
`nan` where nothing was measured.

Invariants:

- What is derived is derived only for who uses the app, in sets at night, and goes in the transaction that ends its use.
- A group of similar households is released once a month, whole, and the same for ever: what lies between any two pages,
  nights or views is a union of released groups. Its fifth that uses least is at least five households.
- An estimate never stands without its range.
- An alert is of an occasion, once (unique in the database), over the channels that the person has switched on, and not
  in the person's quiet hours. What it says was so when it was said, or it is not sent.
"""
