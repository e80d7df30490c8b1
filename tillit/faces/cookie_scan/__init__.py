"""`tillit cookies scan`: a site in real Chromium, before a choice, after a no and after a yes (G1, G2).

`crawl` drives the browser and knows no register; `report` holds what was seen against the declared one. Neither reads
the value of anything stored, nor keeps more of a request than its host.
"""
