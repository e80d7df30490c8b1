"""The one case engine: enquiries, complaints, claims, mandates, rights requests, breaches … (H8).

Owns cases, the steps taken in them, and their sealed documents. A kind of case is data (`kinds.Kind`): its fields,
steps, deadline and categories, said once by the domain it belongs to:

    kinds.add(Kind("rights_request", category="rights_case", …))          # in the domain's personal_data.py

Invariants: a case is one person's and one controller's; a step is taken only from a stage that allows it, and one that
gives data away only when the identity is verified; steps are appended, never changed; `due_at` moves only by a step
that extends it; rows of a case carry the case's category and closing time, so they lapse with it.
"""
