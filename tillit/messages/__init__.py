"""Messages in and out. So far the mails that sign-in itself needs, which are sent at once and never stored."""
