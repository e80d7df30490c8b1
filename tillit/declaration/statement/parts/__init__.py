"""The sections of a statement, one module a subject. Each function takes `Words` and returns its `Section`s."""
