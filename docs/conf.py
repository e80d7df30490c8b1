"""The documentation as a site: `make docs`. Nothing is fetched: theme, fonts and scripts are those of the packages."""

project = "Tillit"
html_title = "Tillit"
language = "en"
extensions = ["myst_parser"]
myst_heading_anchors = 3
myst_links_external_new_tab = False
exclude_patterns = ["_build", "formats/*.schema.json"]
html_theme = "furo"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_baseurl = ""
nitpicky = True
# Colours only: csv, and shell with JSON inside. A page that no list names is still made, and found by links and search.
suppress_warnings = ["misc.highlighting_failure", "toc.not_included"]
