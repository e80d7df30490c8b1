"""What people and machines meet. A face parses, authorises, makes one call of a layer below, and renders.

Owned here, for every web face: the frame (`templates/tillit/base.html`, `static/tillit/tillit.css`, `look`), the
wording (`texts`, one file a language), security headers and the request log (`middleware`), error pages (`errors`).
No rule lives in a face.
"""
