"""The staff console: every look-up names its purpose, sees what that purpose may see, and is on record.

A person is addressed by a token bound to the session, so that no address holds personal data and none can be shared.
"""
