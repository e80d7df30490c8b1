"""What the messages layer answers for, and the ways out that messages take."""

from typing import Any

from tillit.declaration.registry import (
    after_restore,
    domain_check,
    not_personal,
    outward_way,
    passing_files,
    personal,
    transient,
)
from tillit.messages import mail_folder
from tillit.messages.addresses import POST
from tillit.messages.models import DkimKey, LetterBatch, Message, MessageUse, Once, PushSubscription
from tillit.parties.models import Fact


def _by_post(declaration: Any) -> str:
    """The first activity whose messages may go as letters."""
    by_post = [one.key for one in declaration.activities if POST in one.channels]
    return f"activities.{by_post[0]}.channels" if by_post else ""


personal(
    Message,
    category_column="category",
    categories=("message", "correspondence"),
    clocks={"sent": "settled_at"},
    kind_column="channel",
    codes=("activity", "direction", "message_state", "reason"),
    sealed=("sealed_address",),
    not_exported={
        "sealed_address": "the address of a message on its way, shown in clear in the answer",
        "address_digest": "a keyed digest of the address that it is bound to, shown in clear in the answer",
    },
)
personal(
    MessageUse, category="message", clocks={"sent": "at"}, figures="a campaign's figures count it while it is kept"
)
not_personal(DkimKey, because="keys that sign mail, sealed")
not_personal(LetterBatch, because="how many letters were gathered, fetched and sent, and when")
personal(
    PushSubscription,
    category="device",
    clocks={"collected": "made_at", "removed": "removed_at", "app_deleted": "gone_at"},
    sealed=("sealed",),
    not_exported={"sealed": "the address of the browser at its push service, and keys: of use to us alone"},
)
transient(
    Once,
    because="keyed digests of what gateways and mail servers handed over, so that it is acted upon once",
    kept="P30D",
    clock_column="begun_at",
)
passing_files(
    "mail",
    folder=mail_folder.folder,
    because="mail and text messages on a machine without a server for them, one-time codes for ten minutes",
    kept="P1D",
    found_by=(Fact, "value"),
    kinds=(
        "email",
        "marketing.email",
        "phone",
        "marketing.phone",
        "unconfirmed.phone",
        "waiting.email",
        "waiting.phone",
    ),
)
outward_way(
    "email",
    opens=("tillit.messages.transports", "tillit.messages.mail"),
    carries="email",
    through="messages and sign-in codes by SMTP, to the server the installation names",
)
outward_way(
    "sms",
    opens=("tillit.disclosure.calling",),
    carries="sms",
    through="messages by SMS, to the gateway the installation names",
)

outward_way(
    "push",
    opens=("tillit.messages.web_push",),
    carries="push",
    through="encrypted hints without personal data, to the push service of the browser",
)
domain_check(
    "deceased",
    __file__,
    "promises",
    "deceased",
    promised=lambda declaration: "activities.important_notices" if declaration.activity("important_notices") else "",
)
domain_check(
    "measured",
    __file__,
    "promises",
    "measured",
    promised=lambda declaration: (
        "activities.message_measurement" if declaration.activity("message_measurement") else ""
    ),
)
domain_check("letters", __file__, "promises", "letters", promised=_by_post)
after_restore(__file__, "outbox", "not_again")
