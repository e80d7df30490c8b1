"""Surveys (F7). Owns questions, who was asked, answers, and the figures that are left of them.

Invariants:
- Who is asked is drawn from everybody the activity `surveys` may process now, by a draw that anyone can repeat.
- Purpose and anonymity stand in the invitation and above the questions, and change no more once it is open.
- An anonymous answer has no person, no time, no number and no place. While the survey is open it lies sealed among
  others in an urn that is mixed and sealed anew with every answer; when it closes only figures of at least the minimum
  group are written, and the key, the urns and the list of who was asked are destroyed. Fewer answers than that are not
  kept at all. That somebody has answered is known by a ballot that is destroyed; whose it was, no row says. Urns and
  ballots are in no dump. In the urn each answer is sealed to words that are kept nowhere (`locks`): before they are
  given, copies of everything and every secret of the installation open none of them.
- Whom to ask is counted, drawn and written to by a job, each person once wherever it is killed (`sending`).
- An answer that is not anonymous is a personal row (`survey_answer`), deleted as declared; its figures stay.
- Answers go to nobody: no operation here, and none elsewhere, discloses them.
"""
