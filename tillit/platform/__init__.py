"""The machine beneath the domain: where files live, PostgreSQL, secrets, logs.

Owns the directory ``var/`` (or ``TILLIT_VAR``), the embedded server, the database roles and the generated secrets.
Invariants: importing anything here opens no connection and starts no process; nothing here needs Django to be set
up; secret files are 0600 and the server listens on no network address.
"""
