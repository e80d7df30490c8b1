"""Which terms a person accepted (C1). That they are a member at all stands in `parties.Relationship`."""

from django.db import models

from tillit.declaration.personal import PersonalModel


class TermsAcceptance(PersonalModel):
    """One acceptance: of the terms in version `version` of the controller's declaration, when, and by which route."""

    version = models.PositiveIntegerField()
    accepted_at = models.DateTimeField()
    route = models.CharField(max_length=20)

    class Meta:
        db_table = "membership_terms_acceptance"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "controller_id", "version"], name="membership_terms_once")
        ]
