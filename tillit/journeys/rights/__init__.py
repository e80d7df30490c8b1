"""A person uses their rights (GDPR 12–22, H1–H9): received, identity verified, carried out, answered item by item.

A request is a case (`tillit.cases`). It comes from Min side, where the session is the identity, or is registered by
staff from e-mail, phone, letter or the counter. What needs nobody's judgement is done at once when the person is known:
access, portability, withdrawal of consent, objection to marketing. The privacy adviser does the rest. Nothing that
holds data leaves before the identity is verified. Every answer says item by item what was done and what was kept, why
and until when, in every language the pages speak, and where to complain.

`receive` opens a request, `identity` verifies who asks, `carry_out` does what was asked and answers, `handling` is the
rest of the adviser's steps (interim answer, refusal, decision on an objection, lifting a restriction).
"""
