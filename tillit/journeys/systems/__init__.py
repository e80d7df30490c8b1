"""What a partner's or a controller's own system does to people through the API (A8, B5, F1, H8, H13).

A system acts for one controller: one the controller declares as recipient or processor, for one declared activity; or a
partner that pays for its own customers (D1). Invariants: what is told of a person leaves through `disclosure`, cut down
to what the declaration lets that recipient have, and stands in the person's log; what is changed is what the activity
records; a yes of the person's comes with its evidence or not at all; a request about rights that a system hands in is
unverified, so that nothing leaves before the person has shown who they are.
"""
