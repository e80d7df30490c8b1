"""The published statement: one document model built from the declaration, rendered as web page, text and PDF (A3).

`document` holds the model, `sections` builds it, `texts` the fixed wording as data (one file a language),
`render` the three forms. Nothing declared is left out: a test walks the schema and changes every leaf.
"""
