"""Ways out that faces open."""

from tillit.declaration.registry import outward_way

outward_way(
    "simulator",
    opens=("tillit.faces.simulators.sms", "tillit.faces.simulators.acquirer"),
    through="webhooks of the simulated SMS gateway and acquirer, to the site on this machine; nothing of anybody real",
)
outward_way(
    "sign_in",
    opens=("tillit.journeys.openid",),
    through="OpenID providers that the controller declares: asks who somebody is, tells nothing of them",
)
