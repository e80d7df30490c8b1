"""What is chosen for the member, as pages of Min side show it (B10)."""

from typing import Any

from django.http import HttpRequest

from tillit.benefits import chosen
from tillit.faces import signing_in
from tillit.faces.member_web.access import Member
from tillit.faces.templatetags.tillit import language, localised
from tillit.kernel import clock


def chosen_for(request: HttpRequest, member: Member) -> dict[str, Any]:
    """What is chosen for the member where this is shown, each benefit with the topic that led to it."""
    found = chosen.for_member(
        controller_id=member.site.controller.pk,
        subject_id=member.subject_id,
        channel=signing_in.channel(request),
        at=clock.now(),
    )
    topics = {topic.key: topic.name for topic in member.site.declaration.topics}
    benefits = [
        {
            "key": one.benefit.key,
            "title": one.text(language(), "title"),
            "supplier": one.benefit.supplier.name,
            "topic": localised(topics[one.edition.category.key]),
        }
        for one in found.benefits
    ]
    return {"offered": found.offered, "agreed": found.agreed, "ticked": bool(found.ticked), "benefits": benefits}
