"""People whose address is protected (the population register's code 6 and 7): a fact that no page and no file shows."""

KIND = "address.protection"
"""Kind of the fact; its value is `confidential` or `strictly_confidential`. Only that it stands matters here."""
