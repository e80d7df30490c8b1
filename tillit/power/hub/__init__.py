"""Messages to and from the market hub about who supplies a metering point (E1). Owns processes, and what was read.

A process is one request to the hub (start, end or change of supply, or the taking back of one) under a reference of
ours. It is on its way (`queued`, `sent`), taken (`accepted`), and comes to an end by the hub's word (`done`,
`rejected`), by ours (`withdrawn`), or waits for a colleague (`stuck`).

Invariants:

- A request leaves only where the declaration names the hub as the recipient of `power_supply`; what leaves is on record
  (`disclosure`) before it does.
- One reference is one request: a try of which nothing is known is asked about before it is sent again.
- A message of the hub and how far it was read are one transaction: it counts once, whatever stops a run.
- What the hub tells that cannot be carried out yet waits, sealed, and is tried again; nothing of it is lost.
"""
