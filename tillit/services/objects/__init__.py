"""Registered objects (D6): what a person owns, with photos and receipts, so that it can be documented.

Invariants:

- Only the person enters, changes and takes away; a picture is painted anew (`cases.files`), so that where it was taken
  is gone, and every file is sealed with the person's own key.
- What is taken away can be brought back for a week, and is gone then (`removed`).
- All of it goes when access to the service has been over for the declared time (`access_ended`).
"""
