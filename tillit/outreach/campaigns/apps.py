"""Django configuration of the campaigns."""

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """Campaigns."""

    name = "tillit.outreach.campaigns"
    label = "campaigns"

    def ready(self) -> None:
        """Campaigns keep the words of their messages, and hold them back while they are paused."""
        from tillit.messages import held, templates  # noqa: PLC0415
        from tillit.outreach.campaigns import queries, words  # noqa: PLC0415

        templates.stored(words.KIND, words.template_of)
        held.hold_back(queries.held, queries.stopped)
