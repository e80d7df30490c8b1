"""Membership. Owns what a person is a member of and as what, from when to when (B1), and which terms they accepted.

That a person is a member of a controller at all stands in `parties.Relationship`, whose end starts the clocks. What
kind of member, in which section, at which workplace, on whose bill, and under which collective agreements stands here,
as dated rows. The BonusID of a bonus programme's members is issued here, too.

Invariants:

- A membership row says everything about one half-open stretch of days; a change ends it and begins the next. No two of
  a person's overlap at one controller, nor two of one collective agreement (held by the database).
- Each union is a controller with a register of its own: no row of one names, or leads to, a row of another. A transfer
  leaves only the other union's name on each side, as that side wrote it.
- Types, units, agreements and payers belong to one controller and are never deleted, since dated rows name them.
- An acceptance names the published version it was given to, and is never changed.
"""
